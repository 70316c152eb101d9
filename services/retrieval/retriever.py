"""Finds candidates for a query and its vector.

Total count, facets and orders describe the match set: the unexpired products that pass the filters
and hold enough of the query's words. Where none does, those that are near by vector or were opened
by shoppers take their place. By relevance, these join a page in any case, and are counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.candidates import Candidates
from services.retrieval.clock import Clock
from services.retrieval.counting import both, counted, named
from services.retrieval.facets import Facet
from services.retrieval.filters import Mask, mask_of
from services.retrieval.grouping import Grouping
from services.retrieval.known_fields import notes
from services.retrieval.match_set import Lists, sorted_set
from services.retrieval.narrowing import narrowed
from services.retrieval.ranked import Order, Rest
from services.retrieval.recall import Recall
from services.retrieval.request import Request, degraded, tier_of
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT, Caller
from shared.catalog.order_by import parsed

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Retriever:
    """Recall with the settings of the service."""

    leg_limit: int = 300  # longest list of each leg
    dense_floor: float = 0.5  # share of the best cosine below which a product is not near
    memory_limit: int = 50  # products that shoppers opened, proposed at most

    def retrieve(self, snapshot: Snapshot, request: Request, caller: Caller = PATIENT) -> Candidates:
        """The candidates of a request.

        Raises InvalidRequest naming the field at fault, and CallerLeft.
        """
        order_by = parsed(request.order_by)
        clock = Clock(caller)
        with clock.timed("filter"):
            met = mask_of(request.filters, snapshot.columns, snapshot.products.row, caller)
            shown = snapshot.shown(published=order_by.by_publication)
        recall = self._recall(snapshot, request, clock)
        strict = request.strict_order and not order_by.by_relevance
        lists, said = _lists(recall, both(met, shown), strict, clock)
        with clock.timed("fuse"):
            groups = replace(recall.groups, matching=lists.matching)
            words = recall.words if request.query else None
            order = Order(snapshot, order_by, request.currency_code, lists, groups, words)
            ranked = _ranked(request, order)

        def match_set(among: Mask | None) -> Mask | None:
            return _lists(recall, among, strict, Clock(caller))[0].matching

        with clock.timed("facets"):
            wanted = (request.facets, request.filters, shown, lists.matching)
            facets = tuple(counted(snapshot, recall.groups.families, *wanted, match_set, caller))
        return _candidates(request, order, ranked, facets, clock, said)

    def _recall(self, snapshot: Snapshot, request: Request, clock: Clock) -> Recall:
        with clock.timed("lexical"):
            words = snapshot.lexical.search(request.query, request.languages, request.synonyms)
        families = snapshot.families if request.by_product else None
        groups = Grouping(families, snapshot.columns.row_count)
        limits = self.leg_limit, self.dense_floor, self.memory_limit
        return Recall(snapshot, request, words, groups, *limits)


def _lists(recall: Recall, allowed: Mask | None, strict_order: bool, clock: Clock) -> tuple[Lists, list[str]]:
    """The lists of what may be shown (n,), and notes about what was left out."""
    with clock.timed("lexical"):
        allowed, said = narrowed(recall.snapshot, recall.request.limits, recall.words, allowed)
    lists = recall.lists(allowed, clock)
    if strict_order:
        lists, left_out = sorted_set(lists, recall.words)
        said += left_out
    return lists, said


def _ranked(request: Request, order: Order) -> Rest:
    """The candidates: the first ones, or those that follow a ranked window."""
    if not request.exclude_product_ids:
        return Rest(order.first(request.limit), order.groups.count(), 0)
    shown = request.exclude_product_ids, request.offset, request.after_product_ids
    return order.rest(request.limit, *shown)


def _candidates(  # noqa: PLR0913 - everything a response is made of
    request: Request,
    order: Order,
    ranked: Rest,
    facets: tuple[Facet, ...],
    clock: Clock,
    said: Sequence[str],
) -> Candidates:
    fused = ranked.found.first(request.limit)
    rows = fused.rows
    with clock.timed("lexical"):
        lexical_scores = order.word_scores(rows)
    counts = order.groups.counts(rows)
    with clock.timed("dense"):
        dense_scores = order.dense_scores(request.vector, rows)
    ranks = fused.lexical_ranks, fused.dense_ranks
    return Candidates(
        *(rows, lexical_scores, dense_scores, fused.scores, *ranks),
        np.maximum(counts - 1, 0),
        counts == 0,
        fused.precedence,
        ranked.total_count,
        int(np.count_nonzero(counts == 0)),
        ranked.offset,
        facets,
        tier_of(request),
        clock.stage_ms,
        degraded(request),
        (*said, *order.notes, *_field_notes(request, order)),
    )


def _field_notes(request: Request, order: Order) -> tuple[str, ...]:
    fields = named(request.filters, request.facets, request.order_by)
    return notes(order.snapshot.columns, fields)
