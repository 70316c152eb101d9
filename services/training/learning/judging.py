"""Whether a new ranker orders later pages better than the one in use, and how long it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.ranker import Ranker
from services.training.learning.own_history import without_own_history
from services.training.learning.pages import Floats, Ints, Pages
from shared.bootstrap import interval

_DRAWS = 1_000
_TOP = 10
_CANDIDATES = 400  # of the page that is timed
_TIMED = 15
_FIRST = 5


@dataclass(frozen=True)
class Judgement:
    """Two rankers on the same later pages; gains are new - in use."""

    pages: int
    mrr: float  # of the first product opened
    mrr_in_use: float
    hit_at_5: float
    hit_at_5_in_use: float
    gain_low: float  # of MRR: the 95 % interval by paired bootstrap over pages
    gain_high: float
    new_query_gain: float  # of MRR, on pages as if their query were new
    coverage: float  # distinct products among the first 10, relative to the ranker in use
    new_products: float  # never opened products among the first 10, relative to the ranker in use
    rank_ms: float  # of 400 candidates
    rank_ms_in_use: float

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        return {name: round(value, 5) for name, value in vars(self).items()}


def judge(new: Ranker, in_use: Ranker, pages: Pages, weights: Floats) -> Judgement:
    """Compare two rankers on later pages; `weights` (g,) are those of the pages."""
    new_query = replace(pages, features=without_own_history(pages.features))
    scores = new.score(pages.features)
    scores_in_use = in_use.score(pages.features)
    ours = _ranks(scores, pages)
    theirs = _ranks(scores_in_use, pages)
    low, high = interval(1 / ours - 1 / theirs, _DRAWS, weights)
    coverage, fresh = _shown(scores, pages)
    coverage_in_use, fresh_in_use = _shown(scores_in_use, pages)
    return Judgement(
        pages=len(pages),
        mrr=_mean(1 / ours, weights),
        mrr_in_use=_mean(1 / theirs, weights),
        hit_at_5=_mean((ours <= _FIRST).astype(float), weights),
        hit_at_5_in_use=_mean((theirs <= _FIRST).astype(float), weights),
        gain_low=low,
        gain_high=high,
        new_query_gain=_mean(1 / _ranks_of(new, new_query) - 1 / _ranks_of(in_use, new_query), weights),
        coverage=coverage / max(coverage_in_use, 1),
        new_products=(fresh + 1) / (fresh_in_use + 1),
        rank_ms=_rank_ms(new),
        rank_ms_in_use=_rank_ms(in_use),
    )


def mean_reciprocal_rank(ranker: Ranker, pages: Pages) -> float:
    """MRR of the first product opened on each page."""
    return float(np.mean(1 / _ranks_of(ranker, pages)))


def page_weights(pages: Pages, row_weights: Floats) -> Floats:
    """(g,): for each page, the largest weight of its opens."""
    counted = np.where(pages.opened, row_weights, 0.0)
    return np.maximum.reduceat(counted, pages.starts) if len(pages) else np.empty(0)


def _mean(values: Floats, weights: Floats) -> float:
    return float(np.average(values, weights=weights))


def _ranks_of(ranker: Ranker, pages: Pages) -> Floats:
    return _ranks(ranker.score(pages.features), pages)


def _ranks(scores: Floats, pages: Pages) -> Floats:
    """(g,): the place, from 1, of the first opened product on each page."""
    opened = pages.opened[_order(scores, pages)]
    ranks = np.where(opened, pages.place_of_row() + 1, np.inf)
    return np.minimum.reduceat(ranks, pages.starts) if len(pages) else np.empty(0)


def _shown(scores: Floats, pages: Pages) -> tuple[int, int]:
    """The number of distinct products in the first 10 of pages, and of never opened ones."""
    top = _order(scores, pages)[pages.place_of_row() < _TOP]
    never = np.nan_to_num(pages.features[top, FEATURES.index("product_opens_total")]) == 0
    return len(set(pages.products[top])), len(set(pages.products[top][never]))


def _order(scores: Floats, pages: Pages) -> Ints:
    """Rows page by page; those of a page by score, ties in the order shown."""
    return np.lexsort((-scores, pages.page_of_row()))


def _rank_ms(ranker: Ranker) -> float:
    """Milliseconds to score a page's candidates; the least of _TIMED tries."""
    matrix = np.random.default_rng(0).random((_CANDIDATES, len(FEATURES)), np.float32)
    took = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        ranker.score(matrix)
        took.append((time.perf_counter() - began) * 1e3)
    return min(took)
