"""A setting, an RPC, a command or a metric that docs/ does not name is a defect."""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict
from typer.main import get_command

from aisle.v1.admin_pb2 import GetStatusResponse
from aisle.v1.events_pb2 import UserEvent
from cli.app import app
from services.gateway.events.event_validation import fault
from services.training.evaluation.run import JUDGED_ONLY_MEASURES, MEASURES
from shared.config import SECTIONS, prefix_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = {path.name: path.read_text() for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]}
ALL_DOCS = "\n".join(DOCS.values())


def _settings() -> dict[str, str]:
    """Name and default of every setting, as the configuration page has them."""
    settings: dict[str, str] = {}
    for path in sorted([*ROOT.glob("services/**/config.py"), *ROOT.glob("shared/**/config.py")]):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for kind in vars(module).values():
            if (
                isinstance(kind, type)
                and kind.__name__.endswith("Config")
                and kind.__module__ == module.__name__
            ):
                settings |= {
                    f"{prefix_of(kind)}_{field.name.upper()}": _shown(field.default) for field in fields(kind)
                }
    return settings


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default) or "(empty)"


def test_every_section_of_settings_is_known_to_all_processes() -> None:
    sections = {name.split("_")[1] for name in _settings()}
    assert sections == set(SECTIONS)


def _rpcs() -> list[str]:
    """Such as "SearchService.Search"."""
    texts = "\n".join(path.read_text() for path in sorted(ROOT.glob("protos/aisle/v1/*.proto")))
    services = re.findall(r"^service (\w+) \{(.*?)^\}", texts, re.M | re.S)
    return [
        f"{service}.{rpc}" for service, body in services for rpc in re.findall(r"^\s*rpc (\w+)", body, re.M)
    ]


def _metrics() -> list[str]:
    """What the engine says of itself, and what an evaluation says of it."""
    return [
        *MEASURES,
        *JUDGED_ONLY_MEASURES,
        *(field.name for field in GetStatusResponse.DESCRIPTOR.fields),
    ]


def _commands() -> list[str]:
    return list(_leaves(get_command(app), "aisle"))


def _leaves(command: object, path: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from _leaves(child, f"{path} {name}")


@pytest.mark.parametrize(("name", "default"), _settings().items())
def test_a_setting_is_in_the_configuration_page_with_its_default(name: str, default: str) -> None:
    assert re.search(rf"^\| `{name}` \| {re.escape(default)} \| ", DOCS["configuration.md"], re.M)


def test_no_setting_is_documented_that_is_none() -> None:
    # Those of tests are no settings
    named = set(re.findall(r"AISLE_(?!TEST_)[A-Z_]+[A-Z]", ALL_DOCS))
    assert named <= set(_settings())


@pytest.mark.parametrize("name", _rpcs())
def test_an_rpc_is_in_the_architecture_page_beside_its_service(name: str) -> None:
    service, rpc = name.split(".")
    assert re.search(rf"^.*\b{service}\..*\b{rpc}\b.*$", DOCS["architecture.md"], re.M)


@pytest.mark.parametrize("name", sorted(set(_metrics())))
def test_a_metric_is_documented(name: str) -> None:
    assert re.search(rf"(?<![\w@]){re.escape(name)}(?![\w@])", DOCS["commands.md"] + DOCS["operations.md"])


@pytest.mark.parametrize("name", _commands())
def test_a_command_is_in_the_page_of_commands(name: str) -> None:
    assert re.search(rf"^\| `{name}\b", DOCS["commands.md"], re.M)


def test_the_documented_line_of_events_is_an_event_that_is_taken() -> None:
    line = re.search(r"^\{\"event_id\".*$", DOCS["commands.md"], re.M)
    assert line
    event = ParseDict(json.loads(line[0]), UserEvent())
    assert fault(event) is None


def test_every_link_between_pages_leads_somewhere() -> None:
    for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
