"""Finds candidates for a query and its vector.

Total count, facets and orders describe the match set: the unexpired products that pass the filters
and hold enough of the query's words. Where none does, those that are near by vector or were opened by
shoppers take their place. By relevance, these join a page in any case, and are counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.retrieval.candidates import Candidates
from services.retrieval.clock import Clock
from services.retrieval.counting import both, counted, named
from services.retrieval.facets import Facet, FacetRequest
from services.retrieval.filters import Mask, Tree, mask_of
from services.retrieval.grouping import Grouping
from services.retrieval.known_fields import notes
from services.retrieval.lexical import LexicalSearch
from services.retrieval.match_set import NOTHING, Lists, sorted_set, with_set
from services.retrieval.narrowing import NO_LIMITS, Limits, narrowed
from services.retrieval.opened_rows import opened_rows
from services.retrieval.ranked import Order, Rest
from services.retrieval.snapshots import Snapshot
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.caller import PATIENT, Caller
from shared.catalog.order_by import parsed
from shared.query_memory.memory import QueryMemory

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

LEXICAL = "lexical"
DENSE = "dense"
FUSED = "fused"
DEFAULT_LIMIT = 400


@dataclass(frozen=True)
class Request:
    """A recall from one snapshot."""

    query: str = ""  # after analysis; empty browses
    vector: NDArray[np.float32] | None = None  # (dim,), unit norm
    filters: tuple[Tree, ...] = ()
    facets: tuple[FacetRequest, ...] = ()
    order_by: str = ""
    currency_code: str = ""  # of the prices that an order by price shows first
    limit: int = DEFAULT_LIMIT
    tier: str = FUSED
    memory: QueryMemory | None = None  # what shoppers opened; None: not known
    languages: tuple[str, ...] = ()  # of the query; none: those of the catalogue
    synonyms: Synonyms = NO_SYNONYMS
    limits: Limits = NO_LIMITS  # what the query says beside its words
    strict_order: bool = True  # orders other than relevance leave out what is only named beside
    by_product: bool = False  # one variant of each product; False: every variant is a product
    # What follows a ranked window: of the products that are not excluded those after the ones
    # shown last, or after the first `offset` if none of them is left
    exclude_product_ids: tuple[str, ...] = ()
    offset: int = 0
    after_product_ids: tuple[str, ...] = ()


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
            allowed = both(met, shown)
        with clock.timed("lexical"):
            words = snapshot.lexical.search(request.query, request.languages, request.synonyms)
            allowed, said = narrowed(snapshot, request.limits, words, allowed)
        families = snapshot.families if request.by_product else None
        groups = Grouping(families, snapshot.columns.row_count)
        lists = self._lists(snapshot, request, words, allowed, groups, clock)
        with clock.timed("fuse"):
            strict = request.strict_order and not order_by.by_relevance
            if strict:
                lists, left_out = sorted_set(lists, words)
                said += left_out
            sought = words if request.query else None
            known = replace(groups, matching=lists.matching)
            order = Order(snapshot, order_by, request.currency_code, lists, known, sought)
            ranked = _ranked(request, order)

        def match_set(among: Mask | None) -> Mask | None:
            among, _ = narrowed(snapshot, request.limits, words, among)
            found = self._lists(snapshot, request, words, among, groups, Clock(caller))
            return (sorted_set(found, words)[0] if strict else found).matching

        with clock.timed("facets"):
            wanted = (request.facets, request.filters, shown, lists.matching)
            facets = tuple(counted(snapshot, families, *wanted, match_set, caller))
        return _candidates(request, order, ranked, facets, clock, said)

    def _lists(  # noqa: PLR0913 - what is asked for, and of what
        self,
        snapshot: Snapshot,
        request: Request,
        words: LexicalSearch,
        allowed: Mask | None,
        groups: Grouping,
        clock: Clock,
    ) -> Lists:
        if not request.query:
            return replace(NOTHING, matching=allowed)
        tier = tier_of(request)
        lists = NOTHING
        matching = np.zeros(snapshot.columns.row_count, np.bool_)
        if tier != DENSE:
            with clock.timed("lexical"):
                lexical, matching = self._by_words(words, allowed, tier == FUSED, groups)
                lists = replace(lists, lexical=lexical)
        by_words = bool(matching.any())
        if tier == LEXICAL or (words.is_code and by_words):
            return with_set(lists, matching, by_words)
        with clock.timed("dense"):
            dense, scores = self._by_vector(snapshot, request.vector, allowed, groups)
            if tier == FUSED and not by_words and not _is_about(snapshot, scores):
                dense, scores = dense[:0], scores[:0]
                lists = replace(lists, lexical=lists.lexical[words.half_matching()[lists.lexical]])
            lists = replace(lists, dense=dense, dense_scores=scores)
        if tier == FUSED and request.memory is not None:
            with clock.timed("memory"):
                asked = request.query, request.vector
                remembered = opened_rows(snapshot, request.memory, *asked, self.memory_limit, allowed)
                lists = replace(lists, remembered=remembered)
        return with_set(lists, matching, by_words)

    def _by_words(
        self, words: LexicalSearch, allowed: Mask | None, strict: bool, groups: Grouping
    ) -> tuple[Rows, Mask]:
        """The best list, and which rows hold enough words.

        A `strict` list has only those whose texts hold them, if there are any.
        """
        matching = words.matching()
        strong = words.strongly_matching()
        if allowed is not None:
            matching &= allowed
            strong &= allowed
        among = strong if strict and strong.any() else allowed
        return groups.deep(lambda limit: words.best(limit, among), self.leg_limit)[0], matching

    def _by_vector(
        self,
        snapshot: Snapshot,
        vector: NDArray[np.float32] | None,
        allowed: Mask | None,
        groups: Grouping,
    ) -> tuple[Rows, Scores]:
        if vector is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        search = partial(snapshot.dense.best, vector, mask=allowed)
        rows, scores = groups.deep(search, self.leg_limit)
        near = scores >= self.dense_floor * scores[:1]
        return rows[near], scores[near]


def _is_about(snapshot: Snapshot, scores: Scores) -> bool:
    """Whether the best of the dense scores is above what a query about nothing here would reach."""
    return bool(len(scores)) and float(scores[0]) >= snapshot.dense_floor


def tier_of(request: Request) -> str:
    """The tier that can run: without a vector, words alone."""
    return request.tier if request.vector is not None else LEXICAL


def _ranked(request: Request, order: Order) -> Rest:
    """The candidates: the first ones, or those that follow a ranked window."""
    if not request.exclude_product_ids:
        return Rest(order.first(request.limit), order.groups.count(), 0)
    shown = request.exclude_product_ids, request.offset, request.after_product_ids
    return order.rest(request.limit, *shown)


def _degraded(request: Request) -> tuple[str, ...]:
    misses_vector = request.query and request.tier != LEXICAL and request.vector is None
    return ("dense: no vector",) if misses_vector else ()


def _candidates(  # noqa: PLR0913 - everything a response is made of
    request: Request,
    order: Order,
    ranked: Rest,
    facets: tuple[Facet, ...],
    clock: Clock,
    said: Sequence[str],
) -> Candidates:
    fused = ranked.found
    rows = fused.rows[: request.limit]
    with clock.timed("lexical"):
        lexical_scores = order.word_scores(rows)
    fields = named(request.filters, request.facets, request.order_by)
    counts = order.groups.counts(rows)
    with clock.timed("dense"):
        dense_scores = order.dense_scores(request.vector, rows)
    return Candidates(
        rows,
        lexical_scores,
        dense_scores,
        fused.scores[: len(rows)],
        fused.lexical_ranks[: len(rows)],
        fused.dense_ranks[: len(rows)],
        np.maximum(counts - 1, 0),
        counts == 0,
        fused.precedence[: len(rows)],
        ranked.total_count,
        int(np.count_nonzero(counts == 0)),
        ranked.offset,
        facets,
        tier_of(request),
        clock.stage_ms,
        _degraded(request),
        (*said, *order.notes, *notes(order.snapshot.columns, fields)),
    )
