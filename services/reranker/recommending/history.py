"""A visitor's purchases and recent products, as evidence for recommendations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.features.visitor import MAX_BOUGHT, BoughtProduct
from shared.product_memory.neighbours import Floats

HALF_LIFE_DAYS = 60.0  # of a purchase's weight


@dataclass(frozen=True)
class History:
    """A visitor's p purchased products, as columns (p,), and its recent products."""

    product_ids: tuple[str, ...] = ()
    days: Floats = field(default_factory=lambda: np.empty(0, np.float32))  # (p,)
    first_day: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    last_day: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    bought_days: Floats = field(default_factory=lambda: np.empty(0, np.float32))  # distinct, rising
    # Product id -> weight now, from VisitorState.weights_at
    recent: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        purchased: Iterable[BoughtProduct],
        recent: Mapping[str, float] | None = None,
        bought_days: Iterable[int] = (),
    ) -> History:
        """The history of the last MAX_BOUGHT products, last bought first.

        `bought_days` has further days with a purchase, besides the first and last days of products.
        """
        kept = sorted(purchased, key=lambda each: (-each.last_day, -each.days, each.product_id))
        kept = kept[:MAX_BOUGHT]
        return cls(
            tuple(each.product_id for each in kept),
            np.array([each.days for each in kept], np.float32),
            np.array([each.first_day for each in kept], np.float32),
            np.array([each.last_day for each in kept], np.float32),
            np.array(sorted({*bought_days}), np.float32),
            recent or {},
        )

    def __len__(self) -> int:
        return len(self.product_ids)

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of each purchased product by its id."""
        return {product_id: place for place, product_id in enumerate(self.product_ids)}

    @cached_property
    def visit_days(self) -> Floats:
        """Distinct days with a purchase, rising: bought_days, and those of products."""
        days: Floats = np.unique(np.concatenate([self.first_day, self.last_day, self.bought_days]))
        return days

    @cached_property
    def visits(self) -> int:
        """Least number of days with a purchase: of visit_days, or of the most frequent product."""
        return max(len(self.visit_days), int(self.days.max(initial=0.0)))

    def visits_since(self, days: Floats) -> NDArray[np.int64]:
        """(k,): the number of days with a purchase after each of `days` (k,)."""
        return len(self.visit_days) - np.searchsorted(self.visit_days, days, side="right")

    @cached_property
    def last_visit_day(self) -> float:
        """The day of the last purchase since 1970; nan without one."""
        return float(self.last_day.max()) if len(self) else float("nan")

    def weights(self, now_day: float, half_life_days: float = HALF_LIFE_DAYS) -> Floats:
        """(p,): weights for the next purchase: 1, halved with each half-life since."""
        ages = np.maximum(now_day - self.last_day, 0.0)
        weights: Floats = (0.5 ** (ages / half_life_days)).astype(np.float32)
        return weights


NO_HISTORY = History()
