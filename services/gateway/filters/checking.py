"""Checks filters and facets that come as messages. Each error names the field and the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from aisle.v1.search_pb2 import FacetRequest, Filter, FilterGroup, NumberRange
from services.gateway.filters import names, values, where
from shared.catalog.filter_limits import (
    DEFAULT_FACET_LIMIT,
    MAX_DEPTH,
    MAX_FACET_LIMIT,
    MAX_FILTER_VALUES,
    MAX_RANGES,
)
from shared.errors import InvalidRequest

# Limits that the gateway alone checks; those of retrieval too are in shared/catalog/filter_limits.py
MAX_FILTERS = 100
MAX_ALL_FILTER_VALUES = 2_000  # of all filters together
MAX_FACETS = 20
MAX_ALL_FACET_VALUES = 5_000  # of all facets together
MOST_MADE_RANGES = 50
MAX_FACET_QUERY_CHARACTERS = 100


def requested(filters: Sequence[Filter], text: str) -> list[Filter]:
    """All filters of a checked request, in the form that retrieval reads."""
    return [*map(values.plain, filters), *where.parsed(text)]


def check_filters(filters: Sequence[Filter], text: str) -> None:
    """Raise InvalidRequest naming the first filter at fault, or the place in the text."""
    check_count("filters", len(filters), MAX_FILTERS)
    for index, each in enumerate(filters):
        _check_filter(f"filters[{index}]", each, MAX_DEPTH)
    everything = [*filters, *where.parsed(text)]
    everywhere = [leaf for each in everything for leaf in leaves(each)]
    check_count("filters", len(everywhere), MAX_FILTERS)
    if max(map(_depth, everything), default=0) > MAX_DEPTH:
        raise InvalidRequest("where", f"AND and OR are more than {MAX_DEPTH} levels deep; use fewer brackets")
    # Limits the values of all filters together, because they determine the cost
    if (count := sum(len(each.any_of.values) for each in everywhere)) > MAX_ALL_FILTER_VALUES:
        remedy = f"send at most {MAX_ALL_FILTER_VALUES} in all"
        raise InvalidRequest("filters", f"their any_of have {count} values together; {remedy}")


def check_facets(facets: Sequence[FacetRequest]) -> None:
    """Raise InvalidRequest naming the first facet at fault."""
    check_count("facets", len(facets), MAX_FACETS)
    for index, facet in enumerate(facets):
        _check_facet(f"facets[{index}]", facet)
    if (listed := sum(each.limit or DEFAULT_FACET_LIMIT for each in facets)) > MAX_ALL_FACET_VALUES:
        raise InvalidRequest(
            "facets",
            f"their limits are {listed} together; ask for at most {MAX_ALL_FACET_VALUES}",
        )


def check_count(name: str, count: int, most: int) -> None:
    """Raise InvalidRequest if a list has too many entries."""
    if count > most:
        raise InvalidRequest(name, f"{count} are too many; send at most {most}")


def _parts(filter_: Filter) -> FilterGroup | None:
    condition = filter_.WhichOneof("condition")
    if condition not in ("all_filters", "any_filter"):
        return None
    group: FilterGroup = getattr(filter_, condition)
    return group


def leaves(filter_: Filter) -> Iterator[Filter]:
    """The filters on fields in a filter, however deep they are."""
    group = _parts(filter_)
    if group is None:
        yield filter_
    else:
        for each in group.filters:
            yield from leaves(each)


def _depth(filter_: Filter) -> int:
    group = _parts(filter_)
    return 0 if group is None else 1 + max(map(_depth, group.filters), default=0)


def _check_field(name: str, field: str) -> None:
    if fault := names.fault(field):
        raise InvalidRequest(name, fault)


def _check_filter(name: str, filter_: Filter, levels: int) -> None:
    group = _parts(filter_)
    if group is not None:
        _check_group(f"{name}.{filter_.WhichOneof('condition')}", filter_, group, levels)
        return
    _check_field(f"{name}.field", filter_.field)
    match filter_.WhichOneof("condition"):
        case None:
            raise InvalidRequest(name, "has no condition; set any_of, range or exists")
        case "any_of":
            _check_values(f"{name}.any_of.values", filter_)
        case "range":
            _check_numeric(f"{name}.range", filter_.field)
            check_range(f"{name}.range", filter_.range)
        case "time_range":
            _check_times(f"{name}.time_range", filter_)


def _check_group(name: str, filter_: Filter, group: FilterGroup, levels: int) -> None:
    if filter_.field:
        raise InvalidRequest(name, f"a group has no field; leave out {filter_.field!r}")
    if not 1 <= len(group.filters) <= MAX_FILTERS:
        raise InvalidRequest(f"{name}.filters", f"send 1 to {MAX_FILTERS} filters")
    if levels == 0:
        raise InvalidRequest(name, f"groups are more than {MAX_DEPTH} levels deep; use fewer")
    for index, each in enumerate(group.filters):
        _check_filter(f"{name}.filters[{index}]", each, levels - 1)


def _check_values(name: str, filter_: Filter) -> None:
    if not 1 <= len(filter_.any_of.values) <= MAX_FILTER_VALUES:
        raise InvalidRequest(name, f"send 1 to {MAX_FILTER_VALUES} values")
    _check_plain(name, filter_)


def _check_times(name: str, filter_: Filter) -> None:
    if not names.has_times(filter_.field):
        raise InvalidRequest(name, f"{filter_.field} is not a time; use range or any_of")
    if not (filter_.time_range.HasField("min") or filter_.time_range.HasField("max")):
        raise InvalidRequest(name, "has no end; set min, max or both")
    _check_plain(name, filter_)
    check_range(name, values.plain(filter_).range)


def _check_plain(name: str, filter_: Filter) -> None:
    try:
        values.plain(filter_)
    except ValueError as error:
        raise InvalidRequest(name, f"{error}; send a day or time such as 2026-11-29T08:00:00Z") from None


def _check_numeric(name: str, field: str) -> None:
    if not names.has_numbers(field):
        raise InvalidRequest(name, f"{field} is not numeric; use any_of")


def check_range(name: str, bounds: NumberRange) -> None:
    """Raise InvalidRequest if a range has no end, or invalid ones."""
    if not bounds.HasField("min") and not bounds.HasField("max"):
        raise InvalidRequest(name, "has no end; set min, max or both")
    for end in ("min", "max"):
        if math.isnan(getattr(bounds, end)):
            raise InvalidRequest(
                f"{name}.{end}", "is not a number; send a number, or leave it out for an open end"
            )
    if bounds.HasField("min") and bounds.HasField("max") and bounds.min > bounds.max:
        raise InvalidRequest(name, f"min {bounds.min:g} is above max {bounds.max:g}; swap them")


def _check_facet(name: str, facet: FacetRequest) -> None:
    _check_field(f"{name}.field", facet.field)
    if facet.field == names.PRODUCT_ID:
        raise InvalidRequest(f"{name}.field", "product_id is different for every product; count another")
    if facet.limit > MAX_FACET_LIMIT:
        raise InvalidRequest(f"{name}.limit", f"{facet.limit} is too large; use at most {MAX_FACET_LIMIT}")
    if facet.HasField("parent") and facet.field != "categories":
        raise InvalidRequest(f"{name}.parent", f"{facet.field} has no levels; leave it out")
    if len(facet.query) > MAX_FACET_QUERY_CHARACTERS:
        raise InvalidRequest(f"{name}.query", f"send at most {MAX_FACET_QUERY_CHARACTERS} characters")
    if facet.ranges or facet.range_count:
        _check_ranges(name, facet)


def _check_ranges(name: str, facet: FacetRequest) -> None:
    if facet.ranges and facet.range_count:
        raise InvalidRequest(f"{name}.range_count", "comes with ranges; send one of the two")
    if not (facet.ranges or 2 <= facet.range_count <= MOST_MADE_RANGES):
        raise InvalidRequest(f"{name}.range_count", f"ask for 2 to {MOST_MADE_RANGES} ranges")
    check_count(f"{name}.ranges", len(facet.ranges), MAX_RANGES)
    _check_numeric(f"{name}.ranges", facet.field)
    for index, each in enumerate(facet.ranges):
        check_range(f"{name}.ranges[{index}]", each)
