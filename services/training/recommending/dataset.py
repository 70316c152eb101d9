"""Training pages: the evidence at a moment, and the products bought after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.gateway.recommend.placements import PLACEMENTS
from services.reranker.recommending.diversity import DIVERSE, LOOKED_AT, by_score, diversified
from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.features import feature_matrix
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.proposals import propose
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.interactions import Interactions
from services.training.recommending.orders import Order, first_orders, histories, orders_between
from services.training.recommending.product_memory import MemorySettings, build_product_memory
from services.training.recommending.product_vectors import ProductVectors
from shared.product_memory.memory import DAY_SECONDS, ProductMemory

SEEDS_AN_ORDER = 3
_OTHERS_SHARE = 0.25  # sampled from products bought neither before nor after; they weigh 1 / share


@dataclass(frozen=True, slots=True)
class Page:
    """The candidates of a placement at a moment, and the products bought afterwards."""

    evidence: Evidence
    placement: Placement
    product_ids: tuple[str, ...]  # candidates
    bought: frozenset[str]  # after the moment, without the seeds
    only_new: bool = False  # products that the visitor bought before are neither shown nor judged

    def new_only(self) -> Page:
        """The page without products that the visitor bought before."""
        known = self.evidence.history.place
        kept = tuple(each for each in self.product_ids if each not in known)
        return replace(self, product_ids=kept, bought=self.bought - known.keys(), only_new=True)


@dataclass(frozen=True, slots=True)
class Lessons:
    """Rows of pages for training, as columns (r,)."""

    features: NDArray[np.float32]  # (r, features)
    bought: NDArray[np.bool_]
    weights: NDArray[np.float32]

    @classmethod
    def joined(cls, lessons: Sequence[Lessons]) -> Lessons:
        """The rows of one or more lessons."""
        return cls(
            np.concatenate([each.features for each in lessons]),
            np.concatenate([each.bought for each in lessons]),
            np.concatenate([each.weights for each in lessons]),
        )


@dataclass(frozen=True)
class Moment:
    """A shop as of a moment."""

    lines: Interactions
    now_seconds: float
    memory: ProductMemory
    vectors: ProductVectors | None = None

    @classmethod
    def of(
        cls,
        lines: Interactions,
        now_seconds: float,
        vectors: ProductVectors | None = None,
        settings: MemorySettings | None = None,
    ) -> Moment:
        """The shop at a moment, with a product memory of the interactions before it."""
        return cls(lines, now_seconds, build_product_memory(lines, now_seconds, settings), vectors)

    def personal_pages(self, until_seconds: float) -> Iterator[Page]:
        """A page for each known visitor, at its first order before `until_seconds`.

        The actions of all shoppers are known only up to this moment.
        """
        known = histories(self.lines, self.now_seconds)
        for order in first_orders(self.lines, self.now_seconds, until_seconds):
            evidence = Evidence(self.memory, order.seconds, known[order.visitor])
            yield self.page(evidence, Placement.FOR_YOU, frozenset(order.product_ids))

    def seed_pages(self, until_seconds: float, seeds_an_order: int = SEEDS_AN_ORDER) -> Iterator[Page]:
        """Pages with one product of a later order as the seed, and the others as bought."""
        random = np.random.default_rng(0)
        for order in orders_between(self.lines, self.now_seconds, until_seconds):
            for seed in self._seeds(order, random, seeds_an_order):
                evidence = Evidence(self.memory, self.now_seconds, seeds=(seed,))
                yield self.page(evidence, Placement.ALSO_BOUGHT, frozenset(order.product_ids) - {seed})

    def _seeds(self, order: Order, random: np.random.Generator, count: int) -> list[str]:
        if len(order.product_ids) < 2:
            return []
        places = random.permutation(len(order.product_ids))[:count].tolist()
        return [order.product_ids[place] for place in places]

    def page(self, evidence: Evidence, placement: Placement, bought: frozenset[str]) -> Page:
        """The page of a placement for some evidence, with the products that were bought later."""
        served = PLACEMENTS[str(placement)]
        proposed = propose(evidence, placement, served.proposed).product_ids
        nearest: list[str] = []
        if self.vectors and evidence.seeds:  # retrieval adds those nearest by vector
            nearest = self.vectors.nearest(evidence.seeds, served.near)
        return Page(evidence, placement, tuple(dict.fromkeys((*proposed, *nearest))), bought)

    def features(self, page: Page, product_ids: Sequence[str]) -> NDArray[np.float32]:
        """The features (n, features) of n products of a page."""
        similarity = self.vectors.similarity(page.evidence, product_ids) if self.vectors else None
        return feature_matrix(page.evidence, product_ids, similarity)

    def rankings(
        self, pages: Iterable[Page], ranker: RecommendRanker, count: int, diversity: float = 0.0
    ) -> list[list[str]]:
        """The first `count` products of each page, best first.

        `diversity` is the weight of diversity, for placements that use it in the shop.
        """
        return [self._ranking(page, ranker, diversity)[:count] for page in pages]

    def _ranking(self, page: Page, ranker: RecommendRanker, diversity: float) -> list[str]:
        scores = ranker.score(self.features(page, page.product_ids), page.placement)
        order = by_score(scores)
        if diversity > 0 and self.vectors is not None and page.placement in DIVERSE:
            first = [page.product_ids[place] for place in order.places[:LOOKED_AT].tolist()]
            order = diversified(scores, order, self.vectors.at(first), diversity)
        return [page.product_ids[place] for place in order.places.tolist()]

    def lessons(self, pages: Iterable[Page]) -> list[Lessons]:
        """Rows of pages: products bought before or after the moment, and a sample of the others."""
        random = np.random.default_rng(0)
        return [self._lesson(page, random) for page in pages if page.bought.intersection(page.product_ids)]

    def _lesson(self, page: Page, random: np.random.Generator) -> Lessons:
        bought = np.array([each in page.bought for each in page.product_ids])
        own = np.array([each in page.evidence.history.place for each in page.product_ids])
        sampled = random.random(len(bought)) < _OTHERS_SHARE
        kept = bought | own | sampled
        features = self.features(page, page.product_ids)[kept]  # some depend on all candidates
        weights = np.where(bought | own, 1.0, 1 / _OTHERS_SHARE)[kept] / np.sqrt(len(page.bought))
        return Lessons(features, bought[kept], weights.astype(np.float32))


def cut_moments(now_seconds: float, count: int, step_days: float, label_days: float) -> list[float]:
    """Moments `step_days` apart, latest first, whose `label_days` have passed by now."""
    return [now_seconds - DAY_SECONDS * (label_days + step_days * place) for place in range(count)]
