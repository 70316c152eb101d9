"""Training pages: what was known at a moment, and what was bought after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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

CANDIDATES = 600  # proposed a page
NEAREST = 60  # products nearest by vector to the seeds, which retrieval adds
SEEDS_AN_ORDER = 3
_OTHERS_SHARE = (
    0.25  # of the products that were neither bought before nor after, which teach with more weight
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a placement could have shown at a moment, and what was bought."""

    evidence: Evidence
    placement: Placement
    product_ids: tuple[str, ...]  # candidates
    bought: frozenset[str]  # after the moment, without the seeds
    only_new: bool = False  # what the visitor bought before is neither shown nor judged

    def new_only(self) -> Page:
        """The page without what the visitor bought before."""
        known = self.evidence.history.place
        kept = tuple(each for each in self.product_ids if each not in known)
        return replace(self, product_ids=kept, bought=self.bought - known.keys(), only_new=True)


@dataclass(frozen=True, slots=True)
class Lessons:
    """Rows of pages for training, as equally long columns (r,)."""

    features: NDArray[np.float32]  # (r, features)
    bought: NDArray[np.bool_]
    weights: NDArray[np.float32]


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
        """With the memory built of what happened before."""
        return cls(lines, now_seconds, build_product_memory(lines, now_seconds, settings), vectors)

    def personal_pages(self, until_seconds: float) -> Iterator[Page]:
        """A page for each known visitor at the time of its first order up to a later moment.

        What all shoppers did is known up to this moment alone.
        """
        known = histories(self.lines, self.now_seconds)
        for order in first_orders(self.lines, self.now_seconds, until_seconds):
            evidence = Evidence(self.memory, order.seconds, known[order.visitor])
            yield self.page(evidence, Placement.FOR_YOU, frozenset(order.product_ids))

    def seed_pages(self, until_seconds: float, seeds_an_order: int = SEEDS_AN_ORDER) -> Iterator[Page]:
        """Pages with one product of a later order as the seed, and the rest as bought."""
        chance = np.random.default_rng(0)
        for order in orders_between(self.lines, self.now_seconds, until_seconds):
            for seed in self._seeds(order, chance, seeds_an_order):
                evidence = Evidence(self.memory, self.now_seconds, seeds=(seed,))
                yield self.page(evidence, Placement.ALSO_BOUGHT, frozenset(order.product_ids) - {seed})

    def _seeds(self, order: Order, chance: np.random.Generator, count: int) -> list[str]:
        if len(order.product_ids) < 2:
            return []
        places = chance.permutation(len(order.product_ids))[:count].tolist()
        return [order.product_ids[place] for place in places]

    def page(self, evidence: Evidence, placement: Placement, bought: frozenset[str]) -> Page:
        """What a placement could show of some evidence, with what is known to be bought later."""
        proposed = propose(evidence, placement, CANDIDATES).product_ids
        nearest = self.vectors.nearest(evidence.seeds, NEAREST) if self.vectors and evidence.seeds else []
        return Page(evidence, placement, tuple(dict.fromkeys((*proposed, *nearest))), bought)

    def features(self, page: Page, product_ids: Sequence[str]) -> NDArray[np.float32]:
        """The matrix (n, features) of some products of a page."""
        similarity = self.vectors.similarity(page.evidence, product_ids) if self.vectors else None
        return feature_matrix(page.evidence, product_ids, similarity)

    def rankings(
        self, pages: Iterable[Page], ranker: RecommendRanker, count: int, diversity: float = 0.0
    ) -> list[list[str]]:
        """The first `count` products of each page, best first.

        With a weight of `diversity`, where the shop has it too.
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
        """Rows of pages: what was bought before or after the moment, and a sample of the others."""
        chance = np.random.default_rng(0)
        return [self._lesson(page, chance) for page in pages if page.bought.intersection(page.product_ids)]

    def _lesson(self, page: Page, chance: np.random.Generator) -> Lessons:
        bought = np.array([each in page.bought for each in page.product_ids])
        own = np.array([each in page.evidence.history.place for each in page.product_ids])
        sampled = chance.random(len(bought)) < _OTHERS_SHARE
        kept = bought | own | sampled
        product_ids = [each for each, keep in zip(page.product_ids, kept.tolist(), strict=True) if keep]
        weights = np.where(bought | own, 1.0, 1 / _OTHERS_SHARE)[kept].astype(np.float32)
        return Lessons(self.features(page, product_ids), bought[kept], weights)


def cut_moments(now_seconds: float, count: int, step_days: float, label_days: float) -> list[float]:
    """Moments `step_days` apart, the latest first, whose `label_days` are over by now."""
    return [now_seconds - DAY_SECONDS * (label_days + step_days * place) for place in range(count)]
