"""Counts the values of a field in the match set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.retrieval import facet_values
from services.retrieval.conditions import Between, Mask
from services.retrieval.facet_ranges import counts_of, round_ranges
from services.retrieval.facet_values import Selection, path_of
from services.retrieval.grouped_columns import GroupedColumns
from services.retrieval.known_fields import PRODUCT_ID, check_field
from shared.caller import PATIENT, Caller
from shared.catalog.filter_limits import DEFAULT_FACET_LIMIT, MAX_FACET_LIMIT, MAX_RANGES
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import CatalogColumns, Numbers, Segment
from shared.snapshot.value_counts import Counts

CATEGORIES = "categories"


@dataclass(frozen=True)
class FacetRequest:
    """What to count. See aisle.v1.FacetRequest."""

    field: str
    limit: int = 0
    keep_own_filter: bool = False
    parent: str | None = None
    query: str = ""
    ranges: tuple[Between, ...] = ()
    range_count: int = 0

    def __post_init__(self) -> None:
        """Raises InvalidRequest naming the field at fault."""
        if self.field == PRODUCT_ID:
            raise InvalidRequest(
                "facets.field", "product_id is different for every product; count another field"
            )
        if self.limit > MAX_FACET_LIMIT:
            most = f"at most {MAX_FACET_LIMIT:,}"
            raise InvalidRequest("facets.limit", f"{self.limit} for {self.field}; {most}")
        if self.parent is not None and self.field != CATEGORIES:
            raise InvalidRequest("facets.parent", f"{self.field} has no levels; leave it out")
        if len(self.ranges) > MAX_RANGES or self.range_count > MAX_RANGES:
            raise InvalidRequest("facets.ranges", f"too many for {self.field}; at most {MAX_RANGES}")


@dataclass(frozen=True)
class Facet:
    """The most frequent values with their counts, and the range of the numbers if there are some.

    Then the ranges that were asked for, with their counts.
    """

    field: str
    values: tuple[tuple[str, int], ...]
    range: tuple[float, float] | None = None
    ranges: tuple[tuple[Between, int], ...] = ()


def count(columns: CatalogColumns, matching: Mask, request: FacetRequest, caller: Caller = PATIENT) -> Facet:
    """Count the products that `matching` (n,) selects, by value.

    The most frequent values come first; of equal ones numbers by size, then texts by alphabet. A
    category counts for itself and for
    all levels above it. Raises InvalidRequest for an unknown field, and CallerLeft.
    """
    check_field(columns, "facets.field", request.field)
    limit = request.limit or DEFAULT_FACET_LIMIT
    parts = list(_parts(columns, matching))
    numbers, counts = _numbers(parts, request.field)
    values = facet_values.texts(columns, parts, request.field, _selection(request), limit, caller)
    values.sort(key=lambda pair: (-pair[1], pair[0].casefold(), pair[0]))
    if request.parent is None:
        values = [*facet_values.numbers(numbers, counts, request.query, limit), *values]
        values.sort(key=lambda pair: -pair[1])
    span = (float(numbers[0]), float(numbers[-1])) if len(numbers) else None
    ranges = request.ranges or round_ranges(numbers, counts, request.range_count)
    if isinstance(columns, GroupedColumns):
        counted = columns.counts_of(ranges, request.field)
    else:
        counted = counts_of(ranges, parts, request.field, numbers, counts)
    if not request.ranges:
        counted = [(each, found) for each, found in counted if found]
    return Facet(request.field, tuple(values[:limit]), span, tuple(counted))


def _selection(request: FacetRequest) -> Selection:
    parent = None if request.parent is None else path_of(request.parent)
    return Selection(facet_values.folded(request.query), parent)


def _parts(columns: CatalogColumns, matching: Mask) -> Iterator[tuple[Segment, Mask]]:
    start = 0
    for segment in columns.segments:
        yield segment, matching[start : start + segment.row_count]
        start += segment.row_count


def _numbers(parts: list[tuple[Segment, Mask]], field: str) -> tuple[Numbers, Counts]:
    found = [segment.number_counts(field, mask) for segment, mask in parts]
    return facet_values.added(found)


def all_rows(columns: CatalogColumns, matching: Mask | None) -> Mask:
    """The mask (n,), of all rows if it is None."""
    return np.ones(columns.row_count, np.bool_) if matching is None else matching
