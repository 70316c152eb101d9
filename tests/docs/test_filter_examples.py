"""What docs/filters.md shows as filter texts is read."""

import re
from pathlib import Path

import pytest

from aisle.v1.search_pb2 import SearchRequest
from services.gateway import validation
from services.gateway.filters.names import NAMES
from services.gateway.filters.where import parsed

PAGE = (Path(__file__).resolve().parents[2] / "docs/filters.md").read_text()
[BLOCK] = re.findall(r"^```where\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", BLOCK.splitlines())
def test_every_example_is_a_filter(text: str) -> None:
    validation.check(SearchRequest(where=text))
    assert parsed(text)


def test_every_field_is_named_in_the_table() -> None:
    table = PAGE.partition("## Fields")[2].partition("\n## ")[0]
    assert {name for name in NAMES if not re.search(rf"\b{name}\b", table)} == set()
