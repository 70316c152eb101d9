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

from services.retrieval import known_fields
from services.retrieval.candidates import Candidates
from services.retrieval.clock import Clock
from services.retrieval.counting import both, counted, named
from services.retrieval.facets import Facet
from services.retrieval.filters import Mask, mask_of
from services.retrieval.grouping import Grouping
from services.retrieval.match_set import Lists, sorted_set
from services.retrieval.narrowing import narrowed
from services.retrieval.ranked import Order, Rest
from services.retrieval.recall import Recall
from services.retrieval.relaxing import relaxation
from services.retrieval.request import Request, degraded, tier_of
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_filters import SoftFilters, recognised
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
            filtered = mask_of(request.filters, snapshot.columns, snapshot.products.row, caller)
            shown = snapshot.shown(published=order_by.by_publication)
        recall = self.recall(snapshot, request, clock)
        strict = request.strict_order and not order_by.by_relevance
        lists, notes = lists_of(recall, both(filtered, shown), strict, clock)
        with clock.timed("fuse"):
            groups = replace(recall.groups, matching=lists.matching)
            words = recall.words if request.query else None
            soft = _soft_filters(recall, lists) if order_by.by_relevance else None
            order = Order(snapshot, order_by, request.currency_code, lists, groups, words, soft)
            ranked = _ranked(request, order)
        with clock.timed("facets"):
            facets = _facets(recall, shown, lists.matching, strict, caller)
        found = _candidates(request, order, ranked, facets, clock, notes)
        return replace(found, relaxation=relaxation(recall, lists))

    def recall(self, snapshot: Snapshot, request: Request, clock: Clock) -> Recall:
        """The legs of a request, which have not searched yet."""
        with clock.timed("lexical"):
            words = snapshot.lexical.search(request.query, request.languages, request.synonyms)
        has_variants = request.by_product and snapshot.families.have_members
        families = snapshot.families if has_variants else None
        groups = Grouping(families, snapshot.columns.row_count)
        return Recall(
            snapshot,
            request,
            words,
            groups,
            leg_limit=self.leg_limit,
            dense_floor=self.dense_floor,
            memory_limit=self.memory_limit,
        )


def _facets(
    recall: Recall, shown: Mask | None, matching: Mask | None, strict_order: bool, caller: Caller
) -> tuple[Facet, ...]:
    def match_set(among: Mask | None) -> Mask | None:
        return lists_of(recall, among, strict_order, Clock(caller))[0].matching

    facets = counted(
        recall.snapshot,
        recall.groups.families,
        recall.request.facets,
        recall.request.filters,
        shown=shown,
        matching=matching,
        match_set=match_set,
        caller=caller,
    )
    return tuple(facets)


def lists_of(
    recall: Recall, allowed: Mask | None, strict_order: bool, clock: Clock
) -> tuple[Lists, list[str]]:
    """The lists of what may be shown (n,), and notes about what was left out."""
    with clock.timed("lexical"):
        allowed, notes = narrowed(recall.snapshot, recall.request.limits, recall.words, allowed)
    lists = recall.lists(allowed, clock)
    if strict_order:
        lists, left_out = sorted_set(lists, recall.words, recall.elsewhere)
        notes += left_out
    return lists, notes


def _soft_filters(recall: Recall, lists: Lists) -> SoftFilters | None:
    """What the query names, by the best products that hold its words, or means."""
    request = recall.request
    if not request.query or lists.matching is None or request.exclude_product_ids:
        return None
    best = lists.lexical[lists.matching[lists.lexical] & lists.by_words]
    return recognised(recall.snapshot, recall.words, recall.request, best, lists.matching)


def _ranked(request: Request, order: Order) -> Rest:
    """The candidates: the first ones, or those that follow a ranked window."""
    if not request.exclude_product_ids:
        return Rest(order.first(request.limit), order.groups.count(), 0)
    return order.rest(
        request.limit,
        exclude_ids=request.exclude_product_ids,
        offset=request.offset,
        after_ids=request.after_product_ids,
    )


def _candidates(  # noqa: PLR0913 - everything a response is made of
    request: Request,
    order: Order,
    ranked: Rest,
    facets: tuple[Facet, ...],
    clock: Clock,
    notes: Sequence[str],
) -> Candidates:
    fused = ranked.found.first(request.limit)
    lexical_scores, dense_scores = _scores(request, order, fused.rows, clock)
    counts = order.groups.counts(fused.rows)
    return Candidates(
        rows=fused.rows,
        lexical_scores=lexical_scores,
        dense_scores=dense_scores,
        fused_scores=fused.scores,
        lexical_ranks=fused.lexical_ranks,
        dense_ranks=fused.dense_ranks,
        variant_counts=np.maximum(counts - 1, 0),
        by_meaning=counts == 0,
        precedence=fused.precedence,
        total_count=ranked.total_count,
        offset=ranked.offset,
        facets=facets,
        parts=order.soft.parts if order.soft else (),
        tier=tier_of(request),
        stage_ms=clock.stage_ms,
        degraded=degraded(request),
        notes=(*notes, *order.notes, *_field_notes(request, order)),
    )


def _scores(request: Request, order: Order, rows: Rows, clock: Clock) -> tuple[Scores, Scores]:
    """The lexical and the dense score of each of `rows` (k,)."""
    with clock.timed("lexical"):
        lexical_scores = order.word_scores(rows)
    with clock.timed("dense"):
        dense_scores = order.dense_scores(request.vector, rows)
    return lexical_scores, dense_scores


def _field_notes(request: Request, order: Order) -> tuple[str, ...]:
    fields = named(request.filters, request.facets, request.order_by)
    return known_fields.notes(order.snapshot.columns, fields)
