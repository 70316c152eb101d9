"""Finds candidates for a query and its vector.

Total count, facets and orders describe the match set: the unexpired products that pass the filters,
and that hold enough of the query's words or are among the nearest by vector. Every candidate is in
it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval import fusion
from services.retrieval.counting import both, counted, named
from services.retrieval.facets import Facet, FacetRequest
from services.retrieval.filters import Mask, Tree, mask_of
from services.retrieval.known_fields import notes
from services.retrieval.lexical import LexicalSearch
from services.retrieval.opened_rows import opened_rows
from services.retrieval.ordering import ordered
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT, Caller
from shared.catalog.order_by import OrderBy, parsed
from shared.query_memory.memory import QueryMemory
from shared.telemetry import Stopwatch

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


@dataclass(frozen=True)
class Candidates:
    """Columns of equal length (k,), best first."""

    rows: Rows
    lexical_scores: Scores
    dense_scores: Scores
    fused_scores: Scores
    lexical_ranks: NDArray[np.uint32]
    dense_ranks: NDArray[np.uint32]
    total_count: int
    facets: tuple[Facet, ...]
    tier: str
    stage_ms: dict[str, float]
    degraded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # about fields of the request that no product has


@dataclass(frozen=True)
class Lists:
    """The ranked list of each leg, and the products that match."""

    lexical: Rows
    dense: Rows
    dense_scores: Scores  # in the order of `dense`
    remembered: Rows  # what shoppers opened under the query and near ones
    matching: Mask | None  # (n,); None: all


class Clock(Stopwatch):
    """Milliseconds by stage. No stage begins once the caller has left."""

    def __init__(self, caller: Caller = PATIENT) -> None:
        super().__init__()
        self.caller = caller

    def timed(self, stage: str) -> AbstractContextManager[None]:
        """See Stopwatch. Raises CallerLeft."""
        self.caller.check()
        return super().timed(stage)


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
        order = parsed(request.order_by)
        clock = Clock(caller)
        with clock.timed("filter"):
            met = mask_of(request.filters, snapshot.columns, snapshot.products.row, caller)
            shown = snapshot.shown(published=order.by_publication)
            allowed = both(met, shown)
        with clock.timed("lexical"):
            words = snapshot.lexical.search(request.query)
        lists = self._lists(snapshot, request, words, allowed, clock)
        with clock.timed("fuse"):
            fused, said = _fused(snapshot, request, order, words, lists)

        def match_set(among: Mask | None) -> Mask | None:
            return self._lists(snapshot, request, words, among, Clock(caller)).matching

        with clock.timed("facets"):
            wanted = (request.facets, request.filters, shown, lists.matching)
            facets = tuple(counted(snapshot, *wanted, match_set, caller))
        return _candidates(snapshot, request, words, lists, fused, facets, said, clock)

    def _lists(
        self,
        snapshot: Snapshot,
        request: Request,
        words: LexicalSearch,
        allowed: Mask | None,
        clock: Clock,
    ) -> Lists:
        lexical = np.empty(0, np.int64)
        dense = np.empty(0, np.int64)
        scores = np.empty(0, np.float32)
        remembered = np.empty(0, np.int64)
        if not request.query:
            return Lists(lexical, dense, scores, remembered, allowed)
        matching = np.zeros(snapshot.columns.row_count, np.bool_)
        if tier_of(request) != DENSE:
            with clock.timed("lexical"):
                lexical, matching = self._by_words(words, allowed, tier_of(request) == FUSED)
        if tier_of(request) != LEXICAL:
            with clock.timed("dense"):
                dense, scores = self._by_vector(snapshot, request.vector, allowed)
        if tier_of(request) == FUSED and request.memory is not None:
            with clock.timed("memory"):
                asked = request.query, request.vector
                remembered = opened_rows(snapshot, request.memory, *asked, self.memory_limit, allowed)
        matching[lexical] = matching[dense] = matching[remembered] = True
        return Lists(lexical, dense, scores, remembered, matching)

    def _by_words(self, words: LexicalSearch, allowed: Mask | None, strict: bool) -> tuple[Rows, Mask]:
        """The best list, and which rows hold enough words.

        A `strict` list has only those rows, if there are any.
        """
        matching = words.matching()
        if allowed is not None:
            matching &= allowed
        among = matching if strict and matching.any() else allowed
        return words.best(self.leg_limit, among)[0], matching

    def _by_vector(
        self, snapshot: Snapshot, vector: NDArray[np.float32] | None, allowed: Mask | None
    ) -> tuple[Rows, Scores]:
        if vector is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows, scores = snapshot.dense.best(vector, self.leg_limit, allowed)
        near = scores >= self.dense_floor * scores[:1]
        return rows[near], scores[near]


def _fused(
    snapshot: Snapshot, request: Request, order: OrderBy, words: LexicalSearch, lists: Lists
) -> tuple[fusion.Fused, tuple[str, ...]]:
    """The lists as one, in the order of the request, and notes about the order."""
    if order.by_relevance and request.query:
        return fusion.fuse(lists.lexical, lists.dense, lists.remembered), ()
    sought = words if request.query else None
    found = ordered(snapshot, order, request.currency_code, request.limit, lists.matching, sought)
    return fusion.in_order(found.rows, lists.lexical, lists.dense), found.notes


def tier_of(request: Request) -> str:
    """The tier that can run: without a vector, words alone."""
    return request.tier if request.vector is not None else LEXICAL


def _degraded(request: Request) -> tuple[str, ...]:
    misses_vector = request.query and request.tier != LEXICAL and request.vector is None
    return ("dense: no vector",) if misses_vector else ()


def _candidates(  # noqa: PLR0913 - everything a response is made of
    snapshot: Snapshot,
    request: Request,
    words: LexicalSearch,
    lists: Lists,
    fused: fusion.Fused,
    facets: tuple[Facet, ...],
    said: tuple[str, ...],
    clock: Clock,
) -> Candidates:
    rows = fused.rows[: request.limit]
    with clock.timed("lexical"):
        lexical_scores = words.scores(rows)
    with clock.timed("dense"):
        dense_scores = _dense_scores(snapshot, request, rows, fused.dense_ranks, lists.dense_scores)
    return Candidates(
        rows,
        lexical_scores,
        dense_scores,
        fused.scores[: len(rows)],
        fused.lexical_ranks[: len(rows)],
        fused.dense_ranks[: len(rows)],
        snapshot.columns.row_count if lists.matching is None else int(np.count_nonzero(lists.matching)),
        facets,
        tier_of(request),
        clock.stage_ms,
        _degraded(request),
        (*said, *notes(snapshot.columns, named(request.filters, request.facets, request.order_by))),
    )


def _dense_scores(
    snapshot: Snapshot, request: Request, rows: Rows, ranks: NDArray[np.uint32], known: Scores
) -> Scores:
    """The dense scores of `rows` (k,).

    The first k of `ranks` are their positions in the dense list, 0 if missing. `known` are the
    scores of the list.
    """
    scores = np.zeros(len(rows), np.float32)
    if request.vector is not None:
        ranks = ranks[: len(rows)]
        listed = ranks > 0
        scores[listed] = known[ranks[listed] - 1]
        scores[~listed] = snapshot.dense.scores(request.vector, rows[~listed])
    return scores
