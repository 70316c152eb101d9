"""What is wanted more than its words say: products that people like, and seasons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sample.product import Made

_SPREAD = 1.2  # of the logarithm of how much a product is liked; the mean of all is 1


@dataclass(frozen=True)
class Season:
    """A group of products that is asked for and clicked more in a period."""

    section: str  # prefix of a category path
    begins: datetime
    days: float
    factor: float = 3.0

    def wanted(self, made: Made, now: datetime) -> float:
        """What its attraction is multiplied by."""
        is_on = self.begins <= now < self.begins + timedelta(days=self.days)
        in_section = str(made.row["categories"][0]).startswith(self.section)
        return self.factor if is_on and in_section else 1.0


@dataclass(frozen=True)
class Wants:
    """What a whole crowd wants, beside each one's taste. No text of the catalogue says it."""

    seed: int
    seasons: tuple[Season, ...] = ()
    spread: float = _SPREAD  # 0: no product is liked more than its grade says

    def factor(self, made: Made, now: datetime) -> float:
        """What a product's attraction is multiplied by; variants are liked as their primary."""
        family = made.row.get("primary_product_id") or made.product_id
        liking = Random(f"{self.seed}/liked/{family}").gauss(-(self.spread**2) / 2, self.spread)
        wanted = math.prod(season.wanted(made, now) for season in self.seasons)
        return math.exp(liking) * wanted


NOTHING = Wants(0, spread=0.0)
