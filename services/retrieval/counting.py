"""The facets of a request, each over its own match set."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from services.retrieval import facets
from services.retrieval.facets import FacetRequest
from services.retrieval.families import Families
from services.retrieval.filters import Mask, Tree, fields_of, mask_of, without_own
from services.retrieval.grouped_columns import GroupedColumns
from services.retrieval.snapshots import Snapshot
from shared.caller import Caller
from shared.catalog.order_by import parsed
from shared.snapshot.catalog_columns import CatalogColumns

_MANY_ROWS = 100_000  # of which facets are counted side by side: 1 to 4 ms each for a million
_MOST_THREADS = 4

MatchSet = Callable[[Mask | None], Mask | None]  # of the rows (n,) that may be shown; None: all


def counted(  # noqa: PLR0913 - what to count, where, and for whom
    snapshot: Snapshot,
    families: Families | None,
    wanted: Sequence[FacetRequest],
    filters: Sequence[Tree],
    shown: Mask | None,
    matching: Mask | None,
    match_set: MatchSet,
    caller: Caller,
) -> list[facets.Facet]:
    """The facets in the order of the request.

    `matching` (n,) is the match set under all filters. A facet whose own values are chosen counts
    what the set would be without the choice. With `families` it counts products: a value counts once
    for all variants that have it. Raises InvalidRequest, and CallerLeft.
    """

    def rows_of(each: FacetRequest) -> Mask:
        caller.check()
        others = filters if each.keep_own_filter else without_own(filters, each.field)
        if len(others) == len(filters):
            return facets.all_rows(snapshot.columns, matching)
        filtered = mask_of(others, snapshot.columns, snapshot.products.row, caller)
        return facets.all_rows(snapshot.columns, match_set(both(filtered, shown)))

    def count(each: FacetRequest, rows: Mask) -> facets.Facet:
        return facets.count(_columns(snapshot, families, rows), rows, each, caller)

    is_large = len(wanted) > 1 and snapshot.columns.row_count >= _MANY_ROWS
    return list((_pool().map if is_large else map)(count, wanted, map(rows_of, wanted)))


def _columns(snapshot: Snapshot, families: Families | None, rows: Mask) -> CatalogColumns:
    if families is not None and families.have_members:
        return GroupedColumns(snapshot.columns, families, rows)
    return snapshot.columns


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), "facets")


def both(first: Mask | None, second: Mask | None) -> Mask | None:
    """The rows (n,) of both masks. None stands for all."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def named(filters: Sequence[Tree], wanted: Sequence[FacetRequest], order_by: str) -> list[tuple[str, str]]:
    """The fields that a request names, with where it does."""
    fields = [("filters", field) for field in fields_of(filters)]
    if order := parsed(order_by).field:
        fields.append(("order_by", order))
    return [*fields, *(("facets", each.field) for each in wanted)]
