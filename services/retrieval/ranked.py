"""Sorts a match set in the requested order, up to the requested length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval import fusion
from services.retrieval.fusion import Fused
from services.retrieval.grouping import Grouping, continued
from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.match_set import Lists, precedence
from services.retrieval.ordering import ordered
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_filters import SoftFilters
from shared.catalog.order_by import OrderBy

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
# Share of the best lexical score among a product's variants: those above hold the words alike
_ALIKE = 0.9
# More than the scores of all ranks
_IN_STOCK = 1.0
_HOLDS_WORDS = 2.0
_AGAINST = 4.0
_LONGER = 4  # growth factor if a list has too few families


@dataclass(frozen=True)
class Rest:
    """A part of what follows a ranked window."""

    found: Fused
    total_count: int  # of all that follows
    offset: int  # where in it the part begins


@dataclass(frozen=True)
class Order:
    """The order of one request over its match set, one row a group."""

    snapshot: Snapshot
    order_by: OrderBy
    currency_code: str
    lists: Lists
    groups: Grouping
    words: LexicalSearch | None  # None without a query
    soft: SoftFilters | None = None
    notes: list[str] = field(default_factory=list)  # about the order, once it is made

    @property
    def _is_fused(self) -> bool:
        return self.words is not None and self.order_by.by_relevance

    def word_scores(self, rows: Rows) -> Scores:
        """The lexical score of each of `rows` (k,)."""
        return np.zeros(len(rows), np.float32) if self.words is None else self.words.scores(rows)

    def first(self, limit: int) -> Fused:
        """The first `limit` products."""
        if self._is_fused:
            found = self._joined().first(limit)
            return replace(found, rows=self._shown(found.rows))
        rows = self._shown(self._in_order(limit))
        return fusion.in_order(rows, self.lists.lexical, self.lists.dense)

    def rest(self, limit: int, exclude_ids: Sequence[str], offset: int, after_ids: Sequence[str]) -> Rest:
        """`limit` products of those that are not excluded.

        They follow the products that were shown last, or the first `offset` if none of these is
        left. By relevance they are in the order of popularity, which few writes change.
        """
        rows = self._behind(exclude_ids)
        places = continued(self.groups.codes(rows), self._codes_of(after_ids), offset)
        start = int(places[0]) if len(places) else len(rows)
        part = self._shown(rows[places[:limit]])
        before = len(exclude_ids) + start
        found = fusion.in_order(part, self.lists.lexical, self.lists.dense, before)
        return Rest(found, start + len(places), start)

    def place_behind(self, exclude_ids: Sequence[str], row: int) -> tuple[int, int] | None:
        """The place of a row's product in all of the rest, from 0, and the row that is shown there.

        None if it is not in the rest.
        """
        rows = self._behind(exclude_ids)
        places = np.flatnonzero(self.groups.codes(rows) == self.groups.codes(np.array([row])))
        if not len(places):
            return None
        return int(places[0]), int(self._shown(rows[places[:1]])[0])

    def _behind(self, exclude_ids: Sequence[str]) -> Rows:
        """The first row of each group that is not excluded, in order."""
        rows = self._in_order(self.snapshot.columns.row_count)
        return rows[~np.isin(self.groups.codes(rows), self._codes_of(exclude_ids))]

    def dense_scores(self, vector: NDArray[np.float32] | None, rows: Rows) -> Scores:
        """The dense score of each of `rows` (k,); 0 without a vector."""
        scores = np.zeros(len(rows), np.float32)
        if vector is not None:
            places = fusion.ranks(self.lists.dense, rows).astype(np.int64) - 1
            listed = places >= 0
            scores[listed] = self.lists.dense_scores[places[listed]]
            scores[~listed] = self.snapshot.dense.scores(vector, rows[~listed])
        return scores

    def _codes_of(self, product_ids: Sequence[str]) -> Rows:
        """The groups of those products that still exist."""
        rows = (self.snapshot.products.row(each) for each in product_ids)
        return self.groups.codes(np.array([row for row in rows if row is not None], np.int64))

    def _joined(self) -> Fused:
        """The legs joined, a row of each group, by precedence."""
        legs = (self.lists.lexical, self.lists.dense, self.lists.remembered)
        fused = fusion.fuse(*(self.groups.codes(self.groups.distinct(each)) for each in legs))
        if self.groups.families is not None:
            listed = self.groups.distinct(np.concatenate(legs))
            codes = self.groups.codes(listed)
            by_code = np.argsort(codes)
            rows = listed[by_code[np.searchsorted(codes, fused.rows, sorter=by_code)]]
            fused = replace(fused, rows=rows)
        assert self.words is not None
        against = self._against(self.words, fused.rows)
        return fused.by(precedence(self.words, fused.rows, self.lists, against))

    def _against(self, words: LexicalSearch, rows: Rows) -> NDArray[np.bool_]:
        """Whether all matching variants of each row (k,) are against what the query names."""
        if not self.soft and not words.names_attributes:
            return np.zeros(len(rows), np.bool_)
        variants = np.union1d(rows, self.groups.matching_rows(rows))
        against = self.soft.against(variants) if self.soft else np.zeros(len(variants), np.bool_)
        if words.names_attributes:
            against |= words.denying()[variants]
        kept = variants[~against]
        return ~np.isin(self.groups.codes(rows), self.groups.codes(kept))

    def _in_order(self, limit: int) -> Rows:
        """The first row of each of the first `limit` groups."""
        length = limit
        while True:
            listed = ordered(
                self.snapshot, self.order_by, self.currency_code, length, self.groups.matching, self.words
            )
            found = self.groups.distinct(listed.rows)
            if len(found) >= limit or len(listed.rows) < length:
                self.notes[:] = listed.notes
                return found[:limit]
            length *= _LONGER

    def _shown(self, rows: Rows) -> Rows:
        """The best variant of each product in a list (k,).

        In another order than relevance it is the first in that order.
        """
        if not self.order_by.by_relevance:
            return rows
        return self.groups.shown(rows, lambda candidates: self._worth(candidates, rows))

    def _worth(self, rows: Rows, listed: Rows) -> NDArray[np.float64]:
        """What each row (k,) is worth among the variants of its product.

        Those that keep the soft filters come first, then those that hold the query's words best, then
        those in stock, then the best ranked.
        """
        lists = (self.lists.lexical, self.lists.dense, listed)
        ranks = [fusion.ranks(each, rows) for each in lists]
        worth = sum(np.where(each > 0, 1 / (fusion.K + each.astype(float)), 0.0) for each in ranks)
        _, product = np.unique(self.groups.codes(rows), return_inverse=True)
        scores = self.word_scores(rows)
        best = np.zeros(len(rows), np.float32)
        np.maximum.at(best, product, scores)
        alike = scores >= _ALIKE * best[product]
        if self.soft:
            worth = worth - _AGAINST * self.soft.against(rows)
        return np.asarray(_HOLDS_WORDS * alike + _IN_STOCK * self.snapshot.in_stock[rows] + worth)
