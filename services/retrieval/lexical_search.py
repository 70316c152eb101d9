"""One search of the lexical leg."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from tantivy import Occur, Query

from services.retrieval.lexical_query import LexicalQuery
from services.retrieval.word_groups import all_of, any_of
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, MEASURE, NAMED, ROW, TEXT, lacking_term

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Results that the first search requests, at 40 ns each; in small catalogues these are all
FIRST_FETCH = 5_000
_FIRST, _SECOND = itemgetter(0), itemgetter(1)
FEW_ROWS = 500  # up to so many rows are named in a query, instead of searching a longer list


@dataclass(frozen=True)
class LexicalSearch:
    """One search. Its results serve all questions about it."""

    _index: LexicalIndex
    _row_count: int
    _query: LexicalQuery

    def best(self, limit: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `limit` rows that `mask` (n,) selects, or of all, with their scores.

        Ties in row order.
        """
        if self._query.empty or limit <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        fetch = FIRST_FETCH
        (rows, scores) = self._first
        while True:
            exhausted = len(rows) < fetch
            if mask is not None:
                rows, scores = rows[mask[rows]], scores[mask[rows]]
            if exhausted or len(rows) >= limit:
                return _in_order(limit, rows, scores)
            if mask is not None and np.count_nonzero(mask) <= FEW_ROWS:
                return self._best_among(limit, np.flatnonzero(mask))
            fetch *= 8
            rows, scores = self._search(self._query.scored, fetch)

    def _best_among(self, limit: int, rows: Rows) -> tuple[Rows, Scores]:
        scores = self._scores_among(rows)
        order = np.argsort(-scores, kind="stable")[: min(limit, int(np.count_nonzero(scores)))]
        return rows[order], scores[order]

    def scores(self, rows: Rows) -> Scores:
        """The lexical score of each of `rows` (k,), 0 if no word matches."""
        if self._query.empty or not len(rows):
            return np.zeros(len(rows), np.float32)
        if len(self._first[0]) < FIRST_FETCH:
            return self._scattered(*self._first)[rows]
        return self._scores_among(rows)

    def matching(self) -> Mask:
        """Which rows (n,) hold enough of the query's words."""
        return self._matching.copy()

    @cached_property
    def _matching(self) -> Mask:
        return self.rows_of(None if self._query.empty else self._query.required)

    def strongly_matching(self) -> Mask:
        """Those of the matching rows (n,) whose texts hold enough words, not their attributes
        alone.
        """
        if self._query.strong is None:
            return self._matching.copy()
        return self.rows_of(None if self._query.empty else self._query.strong)

    def pinned(self) -> Mask:
        """Which rows (n,) have a code that is in the query."""
        return self.rows_of(self._query.pinned)

    def numbered(self) -> Mask | None:
        """Which rows (n,) have every word of the query with a digit.

        None if the query has no such word, or a number is not in the index.
        """
        return None if self._query.numbers is None else self.rows_of(self._query.numbers)

    def named(self) -> Mask:
        """Which rows (n,) have every word in the product name, not after "with" or "for"."""
        return self.rows_of(self._query.named)

    @property
    def names_attributes(self) -> bool:
        """Whether the query names an attribute to which some product says no."""
        return self._query.denied is not None

    def denying(self) -> Mask:
        """Which rows (n,) say no to an attribute that the query names: "waterproof: false"."""
        return self.rows_of(self._query.denied)

    def naming(self, words: Sequence[Iterable[str]], rows: Rows) -> Mask:
        """Which of `rows` (k,) have a term of each of some words in the product name."""
        if not len(rows):
            return np.zeros(0, np.bool_)
        named = all_of([any_of([self._term(NAMED, term) for term in terms]) for terms in words])
        counts = [sum(self._index.searcher.doc_freq(NAMED, term) for term in terms) for terms in words]
        if min(counts) <= FIRST_FETCH:
            return self.rows_of(named)[rows]
        among = any_of([Query.term_query(self._index.schema, ROW, row) for row in rows.tolist()])
        return np.isin(rows, self._search(all_of([among, named]), len(rows))[0])

    def half_matching(self) -> Mask:
        """Which rows (n,) hold at least half of the query's words."""
        return self.rows_of(self._query.half)

    @cached_property
    def needed(self) -> dict[str, tuple[str, ...]]:
        """The words of which a match holds enough, each with its known parts; see WordGroups."""
        return self._query.groups.needed(self._query.function_words)

    @property
    def function_words(self) -> frozenset[str]:
        """The query's words that hold a sentence together, folded."""
        return self._query.function_words

    def with_parts(self, parts: Sequence[str]) -> Query:
        """The query for products that hold a word with these parts."""
        return self._query.groups.holding(parts)

    @property
    def by_code(self) -> bool:
        """Whether a product with a code of the query matches without its other words."""
        return self._query.by_code

    def holds(self, query: Query, among: Mask) -> bool:
        """Whether one of the rows `among` (n,) matches a query."""
        rows = np.flatnonzero(among)
        if len(rows) <= FEW_ROWS:
            return self.any_holds(query, rows)
        return bool((self.rows_of(query) & among).any())

    def any_holds(self, query: Query, rows: Rows) -> bool:
        """Whether one of a few `rows` (k,) matches a query."""
        return bool(self._index.searcher.search(self._within(rows, query), 1, count=False).hits)

    def _within(self, rows: Rows, query: Query) -> Query:
        """The query among `rows` (k,) alone."""
        wanted = any_of([Query.term_query(self._index.schema, ROW, row) for row in rows.tolist()])
        unscored = Query.const_score_query(wanted, 0.0)
        return Query.boolean_query([(Occur.Must, unscored), (Occur.Must, query)])

    def holding(self, word: str) -> Mask:
        """Which rows (n,) hold a word, and do not say that they are without it.

        They hold it in a text, or by an attribute of its name that is true.
        """
        terms = self._index.words(word)
        held = self.rows_of(any_of([self._term(name, term) for term in terms for name in (TEXT, MEASURE)]))
        return held & ~self.lacking(word)

    def lacking(self, word: str) -> Mask:
        """Which rows (n,) say that they are without a word."""
        terms = self._index.words(word)
        return self.rows_of(any_of([self._term(JOINED, lacking_term(term)) for term in terms]))

    def _term(self, field: str, term: str) -> Query:
        return Query.term_query(self._index.schema, field, term, "basic")

    @property
    def is_code(self) -> bool:
        """Whether the query is the code of a product, and nothing else."""
        return self._query.is_code

    def rows_of(self, query: Query | None) -> Mask:
        """Which rows (n,) a query of the index finds; none without one."""
        mask = np.zeros(self._row_count, np.bool_)
        if query is not None and self._row_count:
            searcher = self._index.searcher
            found = searcher.search(query, self._row_count, count=False, order_by_field=ROW).hits
            mask[list(map(_FIRST, found))] = True
        return mask

    @cached_property
    def _first(self) -> tuple[Rows, Scores]:
        return self._search(self._query.scored, FIRST_FETCH)

    def _search(self, query: Query, limit: int) -> tuple[Rows, Scores]:
        found = self._index.searcher.search(query, limit, count=False).hits
        rows = self._index.searcher.fast_field_values(ROW, list(map(_SECOND, found)))
        return np.array(rows, np.int64), np.array(list(map(_FIRST, found)), np.float32)

    def _scores_among(self, rows: Rows) -> Scores:
        found, scores = self._search(self._within(rows, self._query.scored), max(1, len(rows)))
        return self._scattered(found, scores)[rows]

    def _scattered(self, rows: Rows, scores: Scores) -> Scores:
        by_row = np.zeros(self._row_count, np.float32)
        by_row[rows] = scores
        return by_row


def _in_order(limit: int, rows: Rows, scores: Scores) -> tuple[Rows, Scores]:
    """The first rows of a list whose scores fall.

    Ties are in row order, which tantivy keeps only within a segment.
    """
    # With all that tie with the last
    among = np.searchsorted(-scores, -scores[:limit][-1:], side="right").sum()
    order = np.lexsort((rows[:among], -scores[:among]))[:limit]
    return rows[order], scores[order]
