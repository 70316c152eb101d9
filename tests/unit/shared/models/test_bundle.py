"""Reading a bundle."""

import hashlib
import json
from pathlib import Path

import pytest

from shared.errors import Corrupt, NotFound
from shared.models import bundle


def write(folder: Path, **content: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "ranker.txt").write_text("tree")
    files = {"ranker.txt": hashlib.sha256(b"tree").hexdigest()}
    manifest = {"version": folder.name, "files": files, **content}
    (folder / bundle.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_a_bundle_says_what_it_is_and_where_its_files_are(tmp_path: Path) -> None:
    opened = bundle.read(write(tmp_path / "b1", trained_on=["sample"], training={"seed": 3}))
    assert (opened.version, opened.trained_on, opened.training["seed"]) == ("b1", ("sample",), 3)
    assert opened.path("ranker.txt") == tmp_path / "b1" / "ranker.txt"
    assert opened.path("block.onnx") is None


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path / "b1") / "ranker.txt").write_text("shrub")
    with pytest.raises(Corrupt, match=r"ranker\.txt does not match its checksum"):
        bundle.read(tmp_path / "b1")


def test_a_missing_file_is_named_even_unverified(tmp_path: Path) -> None:
    (write(tmp_path / "b1") / "ranker.txt").unlink()
    with pytest.raises(Corrupt, match=r"ranker\.txt is missing"):
        bundle.read(tmp_path / "b1", verify=False)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": "b", "files": 3}'])
def test_an_unreadable_manifest_is_corrupt(tmp_path: Path, text: str) -> None:
    (write(tmp_path / "b1") / bundle.MANIFEST).write_text(text)
    with pytest.raises(Corrupt, match=r"bundle\.json cannot be read"):
        bundle.read(tmp_path / "b1")


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"has no bundle\.json"):
        bundle.read(tmp_path)
