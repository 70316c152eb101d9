"""A setting, an RPC or a command that docs/ does not name is a defect."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from services.standalone.cli import app
from shared.config import prefix_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = {path.name: path.read_text() for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]}
ALL_DOCS = "\n".join(DOCS.values())


def _settings() -> list[str]:
    names = []
    for path in sorted([*ROOT.glob("services/*/config.py"), *ROOT.glob("shared/**/config.py")]):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__name__.endswith("Config") and kind.__module__ == module.__name__:
                names += [f"{prefix_of(kind)}_{field.name.upper()}" for field in fields(kind)]
    return names


def _rpcs() -> list[str]:
    return [rpc for path in ROOT.glob("protos/*.proto") for rpc in re.findall(r"^\s*rpc (\w+)", path.read_text(), re.M)]


def _commands() -> list[str]:
    return list(_leaves(get_command(app), "aisle"))


def _leaves(command: object, path: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from _leaves(child, f"{path} {name}")


@pytest.mark.parametrize("name", _settings())
def test_a_setting_is_in_the_configuration_page(name: str) -> None:
    assert f"`{name}`" in DOCS["configuration.md"]


@pytest.mark.parametrize("name", _rpcs())
def test_an_rpc_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", ALL_DOCS)


@pytest.mark.parametrize("name", _commands())
def test_a_command_is_documented(name: str) -> None:
    assert name in ALL_DOCS


def test_every_link_between_pages_leads_somewhere() -> None:
    for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
