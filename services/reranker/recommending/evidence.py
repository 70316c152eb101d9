"""Evidence for recommendations, from the product memory and a visitor's history.

Proposals and features read the same evidence, so each reason for a proposal is also a feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from services.reranker.recommending.history import NO_HISTORY, History
from shared.product_memory.memory import DAY_SECONDS, ProductMemory
from shared.product_memory.neighbours import Scored

# Weight per unit of a recent product's weight, relative to 1 for a product bought today
_RECENT_SHARE = 0.2
_TWICE = 100  # best products with the seeds whose own neighbours are read
_MOST_HISTORY = 200  # heaviest products of a history whose neighbours are read


@dataclass(frozen=True)
class Evidence:
    """All evidence for one page of recommendations."""

    memory: ProductMemory
    now_seconds: float  # since 1970
    history: History = NO_HISTORY
    seeds: Sequence[str] = field(default=())  # products on the page, or in the cart

    @property
    def now_day(self) -> float:
        """Days since 1970."""
        return float(self.now_seconds // DAY_SECONDS)

    @cached_property
    def seed_weights(self) -> dict[int, float]:
        """Place of each known seed -> 1 / number of known seeds."""
        known = {place for place in self.memory.places(self.seeds).tolist() if place >= 0}
        return {place: 1 / len(known) for place in sorted(known)}

    @cached_property
    def history_products(self) -> dict[str, float]:
        """Each product of the history -> its weight for the next purchase; only the heaviest."""
        decayed = self.history.weights(self.now_day).tolist()
        weights = dict(zip(self.history.product_ids, decayed, strict=True))
        for product_id, weight in self.history.recent.items():
            if weight > 0:
                recent = min(1.0, _RECENT_SHARE * weight)
                weights[product_id] = max(weights.get(product_id, 0.0), recent)
        heaviest = sorted(weights.items(), key=lambda each: (-each[1], each[0]))
        return dict(heaviest[:_MOST_HISTORY])

    @cached_property
    def history_weights(self) -> dict[int, float]:
        """Place of each such product that the memory has -> the same weight."""
        known = self.memory.product_places
        return {known[each]: weight for each, weight in self.history_products.items() if each in known}

    @cached_property
    def seed_bought(self) -> Scored:
        """Products bought in baskets with the seeds, as the mean over the seeds."""
        return self.memory.bought.summed(self.seed_weights)

    @cached_property
    def seed_opened(self) -> Scored:
        """Products opened in sessions with the seeds, as the mean over the seeds."""
        return self.memory.opened.summed(self.seed_weights)

    @cached_property
    def seed_owned(self) -> Scored:
        """Products bought by visitors who also buy the seeds, as the mean over the seeds."""
        return self.memory.owned.summed(self.seed_weights)

    @cached_property
    def seed_owned_twice(self) -> Scored:
        """Products owned with what is owned with the seeds, by the weights of both steps."""
        best = self.seed_owned.best(_TWICE)
        weights = dict(zip(best.places.tolist(), best.scores.tolist(), strict=True))
        return self.memory.owned.summed(weights)

    @cached_property
    def history_owned(self) -> Scored:
        """Products bought by visitors who buy the same products as this one."""
        return self.memory.owned.summed(self.history_weights)

    @cached_property
    def history_owned_lately(self) -> Scored:
        """As history_owned, by what these visitors bought in the last weeks."""
        return self.memory.owned_lately.summed(self.history_weights)

    @cached_property
    def all_owned(self) -> Scored:
        """As history_owned, with equal weight for all products that the visitor ever bought."""
        known = self.memory.places(self.history.product_ids)
        return self.memory.owned.summed({place: 1.0 for place in known.tolist() if place >= 0})

    @cached_property
    def last_visit_owned(self) -> Scored:
        """As history_owned, for products bought on the last day with a purchase only."""
        history = self.history
        last = (
            history.product_ids[place] for place in np.flatnonzero(history.last_day == history.last_visit_day)
        )
        return self.memory.owned.summed(
            {place: 1.0 for place in self.memory.places(last).tolist() if place >= 0}
        )

    @cached_property
    def history_bought(self) -> Scored:
        """Products bought in baskets with the products of the history."""
        return self.memory.bought.summed(self.history_weights)

    @cached_property
    def history_opened(self) -> Scored:
        """Products opened in sessions with the products of the history."""
        return self.memory.opened.summed(self.history_weights)
