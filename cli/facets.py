"""Parses facets of the command line, and shows them.

Examples: brands, brands:limit=20;query=ac, price:ranges=5, price:ranges=..10|10..50,
categories:parent=Home > Kitchen, attributes.color:keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aisle.v1.search_pb2 import Facet, FacetRequest, NumberRange
from cli.filters import parse_range
from cli.terminal.console import one_line
from shared.errors import InvalidRequest

_OPTION = r"(?:keep|(?:limit|parent|query|ranges)=[^;]*)"
_FORM = re.compile(rf"(?P<field>.+?)(?::(?P<options>{_OPTION}(?:;{_OPTION})*))?", re.DOTALL)


def parse_facet(text: str) -> FacetRequest:
    """The facet in `text`. Raises InvalidRequest for an option that cannot be read."""
    form = _FORM.fullmatch(text.strip())
    if not form:
        raise InvalidRequest("--facet", "is empty; name a field, such as brands")
    facet = FacetRequest(field=form["field"].strip())
    for option in (form["options"] or "").split(";"):
        name, _, value = option.partition("=")
        _set(facet, name, value.strip())
    return facet


def _set(facet: FacetRequest, name: str, value: str) -> None:
    match name:
        case "keep":
            facet.keep_own_filter = True
        case "limit":
            facet.limit = _count(name, value)
        case "parent":
            facet.parent = value
        case "query":
            facet.query = value
        case "ranges" if ".." in value:
            facet.ranges.extend(_range(part) for part in value.split("|"))
        case "ranges":
            facet.range_count = _count(name, value)


def _count(name: str, value: str) -> int:
    if not value.isdecimal():
        raise InvalidRequest("--facet", f"{name}={value} is no whole number; write such as {name}=5")
    return int(value)


def _range(text: str) -> NumberRange:
    found = parse_range(text.strip())
    if found is None:
        raise InvalidRequest("--facet", f"{text!r} is no range; write LOW..HIGH, ..HIGH or LOW..")
    return found


def facet_lines(facet: Facet) -> Iterator[str]:
    """A facet in a line, and its ranges in another if there are some."""
    counts = ", ".join(f"{one_line(value.value)} ({value.count})" for value in facet.values)
    yield f"{one_line(facet.field)}: {counts or 'no values'}"
    if facet.ranges:
        ranges = ", ".join(f"{_shown(each.range)} ({each.count})" for each in facet.ranges)
        yield f"{one_line(facet.field)}, ranges: {ranges}"


def _shown(bounds: NumberRange) -> str:
    low = f"{bounds.min:g}" if bounds.HasField("min") else ""
    high = f"{bounds.max:g}" if bounds.HasField("max") else ""
    return f"{low}..{high}"
