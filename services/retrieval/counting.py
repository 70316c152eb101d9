"""The facets of a request, each over its own match set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from services.retrieval import facets
from services.retrieval.facets import FacetRequest
from services.retrieval.families import Families
from services.retrieval.filters import Mask, Tree, fields_of, mask_of, without_own
from services.retrieval.grouped_columns import GroupedColumns
from services.retrieval.snapshots import Snapshot
from shared.caller import Caller
from shared.catalog.order_by import parsed
from shared.snapshot.catalog_columns import CatalogColumns

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
) -> Iterator[facets.Facet]:
    """The facets in the order of the request.

    `matching` (n,) is the match set under all filters. A facet whose own values are chosen counts
    what the set would be without the choice. With `families` it counts products: a value counts once
    for all variants that have it. Raises InvalidRequest, and CallerLeft.
    """
    for each in wanted:
        caller.check()
        found = matching
        others = filters if each.keep_own_filter else without_own(filters, each.field)
        if len(others) < len(filters):
            filtered = mask_of(others, snapshot.columns, snapshot.products.row, caller)
            found = match_set(both(filtered, shown))
        rows = facets.all_rows(snapshot.columns, found)
        columns: CatalogColumns = snapshot.columns
        if families is not None and families.have_members:
            columns = GroupedColumns(columns, families, rows)
        yield facets.count(columns, rows, each, caller)


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
