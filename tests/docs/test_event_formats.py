"""docs/events.md has every format, and says of verbs what the code does."""

import re
from pathlib import Path

import pytest

from services.gateway.events.event_validation import ACTIONS
from services.gateway.events.formats.fields import NotAnInteraction
from services.gateway.events.formats.reading import FORMATS
from services.gateway.events.formats.verbs import known_action

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
SOURCES = ROOT / "services" / "gateway" / "events" / "formats"
ROWS = dict(re.findall(r"^\| (\w+) \| ([\w, ]+) \|$", PAGE, re.M))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_on_the_page_with_its_names(name: str) -> None:
    assert f"| `{name}` | " in PAGE
    for theirs in FORMATS[name].names.values():
        assert theirs in PAGE


@pytest.mark.parametrize("action", ACTIONS)
def test_the_spellings_of_an_action_are_read_as_it(action: str) -> None:
    assert {known_action(spelling) for spelling in ROWS[action].split(", ")} == {action}


def test_every_reason_to_skip_is_on_the_page() -> None:
    skipped = PAGE[PAGE.index("## What is skipped") : PAGE.index("## What is rejected")]
    listed = {reason for row in re.findall(r"^\| ([\w, ]+) \|", skipped, re.M) for reason in row.split(", ")}
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    raised = set(re.findall(r'NotAnInteraction\("(\w+)"\)', text))
    raised |= {"impression", "metadata"}  # of Metarank's table
    assert listed - {"reason"} == raised | _reasons_of_verbs()


def _reasons_of_verbs() -> set[str]:
    words = re.findall(r"\w+", (SOURCES / "verbs.py").read_text(encoding="utf-8"))
    found = set()
    for word in words:
        try:
            known_action(word)
        except NotAnInteraction as other:
            found.add(other.reason)
    return found
