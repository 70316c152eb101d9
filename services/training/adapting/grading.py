"""Pseudo-queries with the products that the engine finds for them, graded by teachers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.reranker.query import Matrix
from services.reranker.standardised import standardised
from services.reranker.states import Rows
from services.reranker.training.graded_page import GradedPage
from services.training.adapting.pseudo_queries import PseudoQuery
from services.training.adapting.teacher import Teacher
from services.training.judged_shop import JudgedShop, Page

# Products of a page that are graded: the first, and others drawn from those further down. Lessons
# have fewer, because twice the queries teach more than twice the products of each.
_MEASURED = (12, 6)
_TAUGHT = (5, 5)
_LAST = 100  # as far as the block scores a page
_LEAST_CANDIDATES = 5

Texts = Callable[[Rows], Sequence[str]]


@dataclass(frozen=True, slots=True)
class GradedQuery:
    """A pseudo-query and its page; some of the page's candidates are graded."""

    page: Page
    origin: int  # the place of the product that the query was made from, among the candidates
    places: Rows  # (n,), of the graded candidates
    scores: Matrix  # (n, teachers)

    @property
    def wanted(self) -> Matrix:
        """(n,): the teachers' mean, standardised over the query."""
        columns = [standardised(column) for column in self.scores.T]
        return standardised(np.mean(columns, axis=0))

    def lesson(self) -> GradedPage:
        """What teaches the block."""
        return GradedPage(self.page.query, self.page.candidates.rows[self.places], self.wanted)


@dataclass(frozen=True)
class Grader:
    """Grades the pages of one shop."""

    shop: JudgedShop
    teachers: Sequence[Teacher]
    texts: Texts
    seed: int

    def graded(self, made: PseudoQuery, measures: bool) -> GradedQuery | None:
        """The query with its grades, more of them if it measures.

        None if the engine finds too little, or not the product that the query was made from.
        """
        page = self.shop.page(made.text)
        rows = page.candidates.rows
        origin = np.flatnonzero(rows == made.row)
        if len(rows) < _LEAST_CANDIDATES or not len(origin):
            return None
        places = self._places(page, int(origin[0]), made.row, _MEASURED if measures else _TAUGHT)
        texts = self.texts(rows[places])
        scores = np.stack([each.score(page.query.text, texts) for each in self.teachers], axis=1)
        return GradedQuery(page, int(origin[0]), places, scores)

    def _places(self, page: Page, origin: int, row: int, counts: tuple[int, int]) -> Rows:
        """The candidates to grade, the same in every run."""
        first, more = counts
        order = self.shop.reranked(page).order[:_LAST]
        others = order[first:]
        chance = np.random.default_rng([self.seed, row])
        drawn = chance.choice(others, min(more, len(others)), replace=False)
        return np.unique(np.concatenate([order[:first], drawn, [origin]])).astype(np.int64)


def grades_of(queries: Sequence[GradedQuery]) -> list[Matrix]:
    """Grades from 0 to 3 of each query's graded products, comparable between queries."""
    scores = np.concatenate([query.scores for query in queries])
    mean, deviation = scores.mean(axis=0), np.maximum(scores.std(axis=0), 1e-9)
    return [
        (3 / (1 + np.exp(-2 * ((query.scores - mean) / deviation).mean(axis=1)))).astype(np.float32)
        for query in queries
    ]
