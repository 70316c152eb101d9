"""Finds candidates for a query and its vector.

Total count, facets and orders describe the match set: the unexpired products that pass the filters
and hold enough of the query's words. Where none does, those that are near by vector or were opened by
shoppers take their place. By relevance, these join a page in any case, and are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval import facets, fusion, orders
from services.retrieval.filters import Filter, Mask, mask_of, notes
from services.retrieval.lexical import LexicalSearch
from services.retrieval.match_set import NOTHING, Lists, precedence
from services.retrieval.narrowing import NO_LIMITS, Limits, narrowed
from services.retrieval.opened_rows import opened_rows
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT, Caller
from shared.catalog.fields import NEWEST, RELEVANCE
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
    filters: tuple[Filter, ...] = ()
    facets: tuple[tuple[str, int], ...] = ()  # field, limit
    order_by: str = ""
    limit: int = DEFAULT_LIMIT
    tier: str = FUSED
    memory: QueryMemory | None = None  # what shoppers opened; None: not known
    languages: tuple[str, ...] = ()  # of the query; none: those of the catalogue
    limits: Limits = NO_LIMITS  # what the query says beside its words
    strict_order: bool = True  # orders other than relevance leave out what is only named beside


@dataclass(frozen=True)
class Candidates:
    """Columns of equal length (k,), best first."""

    rows: Rows
    lexical_scores: Scores
    dense_scores: Scores
    fused_scores: Scores
    lexical_ranks: NDArray[np.uint32]
    dense_ranks: NDArray[np.uint32]
    by_meaning: Mask  # not in the match set: near by vector, or opened by shoppers
    precedence: NDArray[np.uint32]  # a smaller one comes first, whatever ranks
    total_count: int  # of the match set
    related_count: int  # products that joined the lists and are not in the match set
    facets: tuple[facets.Facet, ...]
    tier: str
    stage_ms: dict[str, float]
    degraded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # about fields of the request that no product has


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
        order_by = orders.check(request.order_by)
        clock = Clock(caller)
        with clock.timed("filter"):
            met = mask_of(request.filters, snapshot.columns, snapshot.products.row, caller)
            allowed = _both(met, snapshot.shown(published=order_by == NEWEST))
        with clock.timed("lexical"):
            words = snapshot.lexical.search(request.query, request.languages)
            allowed, said = narrowed(snapshot, request.limits, words, allowed)
        lists = self._lists(snapshot, request, words, allowed, clock)
        with clock.timed("fuse"):
            fused = fusion.fuse(lists.lexical, lists.dense, lists.remembered)
            if order_by != RELEVANCE or not request.query:
                if request.strict_order:
                    lists, left_out = _sorted_set(lists, words)
                    said += left_out
                rows = snapshot.orders.first(order_by, request.limit, lists.matching)
                fused = fusion.in_order(rows, lists.lexical, lists.dense)
            elif tier_of(request) != DENSE:
                fused = fused.by(precedence(words, fused.rows, lists.matching))
        return _candidates(snapshot, request, words, lists, fused, clock, said)

    def _lists(
        self,
        snapshot: Snapshot,
        request: Request,
        words: LexicalSearch,
        allowed: Mask | None,
        clock: Clock,
    ) -> Lists:
        if not request.query:
            return replace(NOTHING, matching=allowed)
        tier = tier_of(request)
        lists = NOTHING
        matching = np.zeros(snapshot.columns.row_count, np.bool_)
        if tier != DENSE:
            with clock.timed("lexical"):
                lexical, matching = self._by_words(words, allowed, tier == FUSED)
                lists = replace(lists, lexical=lexical)
        by_words = bool(matching.any())
        if tier == LEXICAL or (words.is_code and by_words):
            return _with_set(lists, matching, by_words)
        with clock.timed("dense"):
            dense, scores = self._by_vector(snapshot, request.vector, allowed)
            if tier == FUSED and not by_words and not _is_about(snapshot, scores):
                dense, scores = dense[:0], scores[:0]
                lists = replace(lists, lexical=lists.lexical[words.half_matching()[lists.lexical]])
            lists = replace(lists, dense=dense, dense_scores=scores)
        if tier == FUSED and request.memory is not None:
            with clock.timed("memory"):
                asked = request.query, request.vector
                remembered = opened_rows(snapshot, request.memory, *asked, self.memory_limit, allowed)
                lists = replace(lists, remembered=remembered)
        return _with_set(lists, matching, by_words)

    def _by_words(self, words: LexicalSearch, allowed: Mask | None, strict: bool) -> tuple[Rows, Mask]:
        """The best list, and which rows hold enough words.

        A `strict` list has only those whose texts hold them, if there are any.
        """
        matching = words.matching()
        strong = words.strongly_matching()
        if allowed is not None:
            matching &= allowed
            strong &= allowed
        among = strong if strict and strong.any() else allowed
        return words.best(self.leg_limit, among)[0], matching

    def _by_vector(
        self, snapshot: Snapshot, vector: NDArray[np.float32] | None, allowed: Mask | None
    ) -> tuple[Rows, Scores]:
        if vector is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows, scores = snapshot.dense.best(vector, self.leg_limit, allowed)
        near = scores >= self.dense_floor * scores[:1]
        return rows[near], scores[near]


def _with_set(lists: Lists, matching: Mask, by_words: bool) -> Lists:
    """The lists with their match set: what holds enough words, or else all that is listed."""
    if not by_words:
        matching[lists.lexical] = matching[lists.dense] = matching[lists.remembered] = True
    return replace(lists, matching=matching, by_words=by_words)


def _sorted_set(lists: Lists, words: LexicalSearch) -> tuple[Lists, list[str]]:
    """The lists with the match set of orders other than relevance, and a note of what is left out.

    Of products that hold the words, only those that do where they say what they are, if there are
    some: by price, a camera comes first, not a cheaper pet feeder with a camera.
    """
    if not lists.by_words or lists.matching is None:
        return lists, []
    named = lists.matching & words.named()
    count = int(np.count_nonzero(lists.matching)) - int(np.count_nonzero(named))
    if not named.any() or not count:
        return lists, []
    note = f"order_by: {count:,} products that hold the query's words beside their names are left out"
    return replace(lists, matching=named), [note]


def _is_about(snapshot: Snapshot, scores: Scores) -> bool:
    """Whether the best of the dense scores is above what a query about nothing here would reach."""
    return bool(len(scores)) and float(scores[0]) >= snapshot.dense_floor


def tier_of(request: Request) -> str:
    """The tier that can run: without a vector, words alone."""
    return request.tier if request.vector is not None else LEXICAL


def _both(first: Mask | None, second: Mask | None) -> Mask | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _degraded(request: Request) -> tuple[str, ...]:
    misses_vector = request.query and request.tier != LEXICAL and request.vector is None
    return ("dense: no vector",) if misses_vector else ()


def _candidates(  # noqa: PLR0913 - everything a response is made of
    snapshot: Snapshot,
    request: Request,
    words: LexicalSearch,
    lists: Lists,
    fused: fusion.Fused,
    clock: Clock,
    said: Sequence[str],
) -> Candidates:
    rows = fused.rows[: request.limit]
    with clock.timed("lexical"):
        lexical_scores = words.scores(rows)
    with clock.timed("dense"):
        dense_scores = _dense_scores(snapshot, request, rows, fused.dense_ranks, lists.dense_scores)
    with clock.timed("facets"):
        matching = np.ones(snapshot.columns.row_count, np.bool_) if lists.matching is None else lists.matching
        counted = tuple(_facets(snapshot, request, matching, clock.caller))
    return Candidates(
        rows,
        lexical_scores,
        dense_scores,
        fused.scores[: len(rows)],
        fused.lexical_ranks[: len(rows)],
        fused.dense_ranks[: len(rows)],
        ~matching[rows],
        fused.precedence[: len(rows)],
        int(np.count_nonzero(matching)),
        _related_count(fused, matching),
        counted,
        tier_of(request),
        clock.stage_ms,
        _degraded(request),
        (*said, *notes(snapshot.columns, _named(request))),
    )


def _related_count(fused: fusion.Fused, matching: Mask) -> int:
    return int(np.count_nonzero(~matching[fused.rows]))


def _named(request: Request) -> list[tuple[str, str]]:
    """The fields that a request names, with where it does."""
    named = [("filters", filter_.field) for filter_ in request.filters]
    return [*named, *(("facets", field) for field, _ in request.facets)]


def _facets(snapshot: Snapshot, request: Request, matching: Mask, caller: Caller) -> Iterator[facets.Facet]:
    for name, limit in request.facets:
        caller.check()
        yield facets.count(snapshot.columns, matching, name, limit)


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
