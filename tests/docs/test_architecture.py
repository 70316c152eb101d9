"""docs/architecture.md maps every folder, and its walks name files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("bench", "cli", "clients", "sample", "services", "shared")


def _folders() -> list[str]:
    """Folders with code of ours, such as shared/catalog/mending."""
    found = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return sorted(str(path.relative_to(ROOT)) for path in found)


def _rows() -> dict[str, str]:
    """The map: for each path in the first column, such as shared/text, the content beside it."""
    rows = re.findall(r"^\| (`[^|]*) \| (.*) \|$", TEXT, flags=re.M)
    return {path.rstrip("/"): content for paths, content in rows for path in re.findall("`(.*?)`", paths)}


def _is_on_the_map(folder: str) -> bool:
    parent, _, name = folder.rpartition("/")
    return folder in _rows() or f"`{name}/`" in _rows().get(parent, "")


@pytest.mark.parametrize("folder", _folders())
def test_every_folder_is_on_the_map(folder: str) -> None:
    """In a row of its own, or by its name in the row of the folder that it is in."""
    assert _is_on_the_map(folder) or folder.startswith("clients/python/src")


def test_a_name_in_another_row_is_not_enough() -> None:
    assert _is_on_the_map("services/training/evaluation")
    assert not _is_on_the_map("services/gateway/evaluation")
    assert not _is_on_the_map("shared/evaluation")


def _walked() -> list[str]:
    """Files and folders that the walks name; those of services without `services/`."""
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", TEXT, flags=re.S | re.M))
    return sorted(set(re.findall(r"^ *((?:\w+/)+\w+(?:\.py)?)(?= )", blocks, flags=re.M)) - {"DATA/live"})


@pytest.mark.parametrize("place", _walked())
def test_what_the_walks_name_is_there(place: str) -> None:
    assert (ROOT / place).exists() or (ROOT / "services" / place).exists() or place.startswith("DATA/")
