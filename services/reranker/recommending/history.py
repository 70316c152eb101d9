"""What one visitor bought and looked at, as recommending reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.features.visitor import MAX_BOUGHT, BoughtProduct
from shared.product_memory.neighbours import Floats

# A visitor's purchase counts half as much after so many days
HALF_LIFE_DAYS = 60.0


@dataclass(frozen=True)
class History:
    """A visitor's p purchased products, as equally long columns, and what it looked at lately."""

    product_ids: tuple[str, ...] = ()
    days: Floats = field(default_factory=lambda: np.empty(0, np.float32))  # (p,)
    first_day: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    last_day: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    bought_days: Floats = field(default_factory=lambda: np.empty(0, np.float32))  # distinct, rising
    # Product id -> weight now, as VisitorState.weights_at gives it
    recent: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        purchased: Iterable[BoughtProduct],
        recent: Mapping[str, float] | None = None,
        bought_days: Iterable[int] = (),
    ) -> History:
        """The history of the last MAX_BOUGHT purchases, the last first.

        `bought_days` are days with a purchase; first and last days of products are known without.
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
        """On how many days it bought, at least: as visit_days, or the most of one product."""
        return max(len(self.visit_days), int(self.days.max(initial=0.0)))

    def visits_since(self, days: Floats) -> NDArray[np.int64]:
        """(k,): on how many days it bought after each of some days (k,)."""
        return len(self.visit_days) - np.searchsorted(self.visit_days, days, side="right")

    @cached_property
    def last_visit_day(self) -> float:
        """The day of the last purchase since 1970; nan without one."""
        return float(self.last_day.max()) if len(self) else float("nan")

    def weights(self, now_day: float, half_life_days: float = HALF_LIFE_DAYS) -> Floats:
        """(p,): what each says of the next purchase: 1, halved with each half-life since."""
        ages = np.maximum(now_day - self.last_day, 0.0)
        weights: Floats = (0.5 ** (ages / half_life_days)).astype(np.float32)
        return weights


NOBODY = History()
