"""The legs of a recall: words, vectors, and what shoppers opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.retrieval.clock import Clock
from services.retrieval.filters import Mask
from services.retrieval.grouping import Grouping
from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.match_set import NOTHING, Lists, with_set
from services.retrieval.named_category import elsewhere, named_category
from services.retrieval.opened_rows import opened_rows
from services.retrieval.reading import is_off
from services.retrieval.request import DENSE, FUSED, LEXICAL, Request, tier_of
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import CATEGORY
from shared.query_memory.memory import QueryMemory

_LANGUAGE_SAMPLE = 5  # top lexical results whose languages decide the query's
Rows = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Recall:
    """One request, with the settings of the service."""

    snapshot: Snapshot
    request: Request
    words: LexicalSearch
    groups: Grouping
    leg_limit: int  # longest list of each leg
    dense_floor: float  # share of the best cosine below which a product is not near
    memory_limit: int  # products that shoppers opened, at most

    def lists(self, allowed: Mask | None, clock: Clock) -> Lists:
        """The lists of the rows (n,) that may be shown, and their match set."""
        if not self.request.query:
            return replace(NOTHING, matching=allowed)
        lists = NOTHING
        matching = np.zeros(self.snapshot.columns.row_count, np.bool_)
        foreign = False
        if self.tier != DENSE:
            with clock.timed("lexical"):
                foreign = self.tier == FUSED and self._is_foreign(allowed)
                lexical, matching = self._by_words(allowed, strict=self.tier == FUSED and not foreign)
                lists = replace(lists, lexical=lexical)
        by_words = bool(matching.any())
        if self.tier == LEXICAL or (by_words and self.words.is_code):
            return with_set(lists, matching, by_words)
        if not (by_words and foreign):
            with clock.timed("dense"):
                lists = self._with_near(lists, allowed, by_words)
        if self.tier == FUSED and self.request.memory is not None:
            with clock.timed("memory"):
                lists = replace(lists, remembered=self._opened(self.request.memory, allowed))
        return with_set(lists, matching, by_words)

    def _is_foreign(self, allowed: Mask | None) -> bool:
        """Whether the query is in a language that the encoder does not know.

        It is the request's, or that of most of the best products by words.
        """
        unknown = self.snapshot.unknown_languages
        if not unknown:
            return False
        best = self.words.best(_LANGUAGE_SAMPLE, allowed)[0]
        languages = self.request.languages or [self._language(row) for row in best.tolist()]
        return 2 * sum(language in unknown for language in languages) > len(languages)

    def _language(self, row: int) -> str:
        product = self.snapshot.products.product(row)
        text = f"{product.title} {product.description}"
        return self.snapshot.lexical.index.analysis.language(product.language_code, text)

    def elsewhere(self, rows: Rows) -> Mask:
        """Which of the rows (k,) are in other categories than the whole query names."""
        category = None
        if self.request.query and not is_off(CATEGORY, self.request.as_typed):
            category = named_category(self.snapshot, self.words, self.request.query)
        if category is None:
            return np.zeros(len(rows), np.bool_)
        return elsewhere(self.snapshot, category, rows)

    @property
    def tier(self) -> str:
        """The tier that can run."""
        return tier_of(self.request)

    def _opened(self, memory: QueryMemory, allowed: Mask | None) -> Rows:
        return opened_rows(
            self.snapshot,
            memory,
            query=self.request.query,
            vector=self.request.vector,
            limit=self.memory_limit,
            allowed=allowed,
        )

    def _with_near(self, lists: Lists, allowed: Mask | None, by_words: bool) -> Lists:
        """The lists with vector results.

        If no product has enough words, keep those with half of them. Add vector results only if the
        best is near enough.
        """
        dense, scores = self._by_vector(allowed)
        if self.tier == FUSED and not by_words:
            held = self.words.half_matching()[lists.lexical]
            lists = replace(lists, lexical=lists.lexical[held])
            if not self._is_about(scores):
                return lists
        return replace(lists, dense=dense, dense_scores=scores)

    def _is_about(self, scores: Scores) -> bool:
        """Whether the best vector match beats the score of nonsense queries.

        Compares with all products, ignoring filters.
        """
        known = self.snapshot.spelling.knows(self.request.query)
        floor = self.snapshot.known_words_floor if known else self.snapshot.dense_floor
        if len(scores) and float(scores[0]) >= floor:
            return True
        if not self.request.filters or self.request.vector is None:
            return False
        _, best = self.snapshot.dense.best(self.request.vector, 1, self.snapshot.shown())
        return bool(len(best)) and float(best[0]) >= floor

    def _by_words(self, allowed: Mask | None, strict: bool) -> tuple[Rows, Mask]:
        """The best list, and which rows have enough words.

        If `strict`, list only products whose texts have the words (if there are any). Vectors find
        the others.
        """
        matching = self.words.matching()
        strong = self.words.strongly_matching()
        if allowed is not None:
            matching &= allowed
            strong &= allowed
        among = strong if strict and strong.any() else allowed
        best, scores = self.groups.deep(lambda limit: self.words.best(limit, among), self.leg_limit)
        return self._in_stock_first(best, scores), matching

    def _in_stock_first(self, rows: Rows, scores: Scores) -> Rows:
        """A list (k,) with those in stock first among equal scores."""
        return rows[np.lexsort((~self.snapshot.in_stock[rows], -scores))]

    def _by_vector(self, allowed: Mask | None) -> tuple[Rows, Scores]:
        vector = self.request.vector
        if vector is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        search = partial(self.snapshot.dense.best, vector, mask=allowed)
        rows, scores = self.groups.deep(search, self.leg_limit)
        near = scores >= self.dense_floor * scores[:1]
        rows, scores = rows[near], scores[near]
        return self._in_stock_first(rows, scores), scores
