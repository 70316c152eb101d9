"""Filters as text, in the syntax of `where`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aisle.v1.search_pb2 import Filter, NumberRange

_PLAIN = re.compile(r"(?!AND$|OR$|NOT$|\*$)(?:(?!\.\.)[^\s()\":<>=!\\])+")


def text_of(filter_: Filter) -> str:
    """A checked filter, in the form that retrieval reads, as text."""
    match filter_.WhichOneof("condition"):
        case "all_filters":
            found = _joined(filter_.all_filters.filters, " AND ")
        case "any_filter":
            found = _joined(filter_.any_filter.filters, " OR ")
        case "any_of":
            found = f"{_quoted(filter_.field)}:{_values(filter_.any_of.values)}"
        case "range":
            found = _range(_quoted(filter_.field), filter_.range)
        case "exists":
            return f"{'NOT ' * (filter_.negate == filter_.exists)}{_quoted(filter_.field)}:*"
        case _:
            found = _quoted(filter_.field)
    return f"NOT {found}" if filter_.negate else found


def _joined(filters: Iterable[Filter], operator: str) -> str:
    return f"({operator.join(map(text_of, filters))})"


def _values(values: Iterable[str]) -> str:
    written = [_quoted(value) for value in values]
    return written[0] if len(written) == 1 else f"({' OR '.join(written)})"


def _range(field: str, bounds: NumberRange) -> str:
    low = f"{bounds.min!r}".removesuffix(".0") if bounds.HasField("min") else ""
    high = f"{bounds.max!r}".removesuffix(".0") if bounds.HasField("max") else ""
    if not bounds.min_exclusive and not bounds.max_exclusive:
        return f"{field}:{low}..{high}"
    ends = [f"{field}:>{'' if bounds.min_exclusive else '='}{low}"] * bool(low)
    ends += [f"{field}:<{'' if bounds.max_exclusive else '='}{high}"] * bool(high)
    return ends[0] if len(ends) == 1 else f"({' AND '.join(ends)})"


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
