"""Whether a new ranker orders later pages better than the one in use, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.ranker import Ranker
from services.training.learning.own_history import without_own_history
from services.training.learning.pages import Floats, Ints, Pages

_DRAWS = 1_000
_TOP = 10
_CANDIDATES = 400  # of a page, for the ranker's time
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
    new_products: float  # share of products among the first 10 that nobody had opened, relative too
    rank_ms: float  # of 400 candidates
    rank_ms_in_use: float

    def report(self) -> dict[str, Any]:
        """As bundle.json has it."""
        return {name: round(value, 5) for name, value in vars(self).items()}


def judge(new: Ranker, in_use: Ranker, pages: Pages, weights: Floats) -> Judgement:
    """`weights` (g,) are what each page counts for."""
    new_query = replace(pages, features=without_own_history(pages.features))
    ours = _ranks(new, pages)
    theirs = _ranks(in_use, pages)
    gains = 1 / ours - 1 / theirs
    low, high = _interval(gains, weights)
    coverage, fresh = _shown(new, pages)
    coverage_in_use, fresh_in_use = _shown(in_use, pages)
    return Judgement(
        pages=len(pages),
        mrr=_mean(1 / ours, weights),
        mrr_in_use=_mean(1 / theirs, weights),
        hit_at_5=_mean((ours <= _FIRST).astype(float), weights),
        hit_at_5_in_use=_mean((theirs <= _FIRST).astype(float), weights),
        gain_low=low,
        gain_high=high,
        new_query_gain=_mean(1 / _ranks(new, new_query) - 1 / _ranks(in_use, new_query), weights),
        coverage=coverage / max(coverage_in_use, 1),
        new_products=(fresh + 1) / (fresh_in_use + 1),
        rank_ms=_rank_ms(new),
        rank_ms_in_use=_rank_ms(in_use),
    )


def mean_reciprocal_rank(ranker: Ranker, pages: Pages) -> float:
    """MRR of the first product opened on each page."""
    return float(np.mean(1 / _ranks(ranker, pages)))


def page_weights(pages: Pages, row_weights: Floats) -> Floats:
    """(g,): of each page, what its open that counts most counts for."""
    counted = np.where(pages.opened, row_weights, 0.0)
    starts = np.cumsum(pages.sizes) - pages.sizes
    return np.maximum.reduceat(counted, starts) if len(pages) else np.empty(0)


def _mean(values: Floats, weights: Floats) -> float:
    return float(np.average(values, weights=weights))


def _ranks(ranker: Ranker, pages: Pages) -> Floats:
    """(g,): the place, from 1, of the first product on each page that was opened."""
    scores = ranker.score(pages.features)
    page = pages.page_of_row()
    order = np.lexsort((np.arange(len(page)), -scores, page))
    starts = np.cumsum(pages.sizes) - pages.sizes
    place = np.arange(len(page)) - starts[page] + 1
    ranks = np.where(pages.opened[order], place, np.inf)
    return np.minimum.reduceat(ranks, starts) if len(pages) else np.empty(0)


def _interval(gains: Floats, weights: Floats) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    means = np.empty(_DRAWS)
    for draw in range(_DRAWS):
        chosen: Ints = chance.integers(0, len(gains), len(gains))
        means[draw] = np.average(gains[chosen], weights=weights[chosen])
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _shown(ranker: Ranker, pages: Pages) -> tuple[int, int]:
    """How many products are among the first of some page, and of those, how many were never opened."""
    scores = ranker.score(pages.features)
    page = pages.page_of_row()
    order = np.lexsort((-scores, page))
    starts = np.cumsum(pages.sizes) - pages.sizes
    top = order[np.arange(len(page)) - starts[page] < _TOP]
    never = np.nan_to_num(pages.features[top, FEATURES.index("product_opens_total")]) == 0
    return len(set(pages.products[top])), len(set(pages.products[top][never]))


def _rank_ms(ranker: Ranker) -> float:
    """Milliseconds to score the candidates of a page; the least of some tries, since others are at work."""
    matrix = np.random.default_rng(0).random((_CANDIDATES, len(FEATURES)), np.float32)
    took = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        ranker.score(matrix)
        took.append((time.perf_counter() - began) * 1e3)
    return min(took)
