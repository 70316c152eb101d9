"""Build the product memory from what visitors did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.training.recommending.interactions import OPEN, PURCHASE, Codes, Interactions
from services.training.recommending.pairs import Pairs, counted_pairs, distinct_entries
from services.training.recommending.popularity import (
    first_days,
    popularity,
    repeat_days,
    repeat_rate,
    usual_prices,
)
from shared.features.spec import LEAST_VISITORS
from shared.product_memory.memory import DAY_SECONDS, ProductMemory
from shared.product_memory.neighbours import Neighbours

_LITTLE = 10.0  # groups that a product begins with, so that a rare pair is no certainty


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """What is kept."""

    least_pair_visitors: int = 5  # distinct visitors who had both products of a pair
    least_visitors: int = LEAST_VISITORS  # distinct visitors of a product
    neighbours: int = 100  # of a product
    half_life_days: float = 120.0  # of a basket or session


def build_product_memory(
    lines: Interactions, now_seconds: float, settings: MemorySettings | None = None
) -> ProductMemory:
    """The memory of what happened before now."""
    chosen = settings or MemorySettings()
    past = lines.before(now_seconds)
    purchases, opens = past.of_kind(PURCHASE), past.of_kind(OPEN)
    return ProductMemory(
        product_ids=lines.product_ids,
        bought=_together(purchases, purchases.groups, now_seconds, chosen),
        opened=_together(opens, opens.groups, now_seconds, chosen),
        owned=_together(purchases, purchases.visitors, now_seconds, chosen),
        purchases=popularity(purchases, now_seconds, chosen.least_visitors),
        opens=popularity(opens, now_seconds, chosen.least_visitors),
        repeat_rate=repeat_rate(purchases),
        repeat_days=repeat_days(purchases),
        first_day=first_days(past),
        price=usual_prices(purchases),
    )


def _together(lines: Interactions, groups: Codes, now_seconds: float, settings: MemorySettings) -> Neighbours:
    ages_days = np.maximum(now_seconds - lines.seconds, 0.0) / DAY_SECONDS
    weights = 0.5 ** (ages_days / settings.half_life_days / 2)  # a pair weighs the product of both
    entries = distinct_entries(groups, lines.products, lines.visitors, weights)
    pairs = counted_pairs(entries, len(lines.product_ids), settings.least_pair_visitors)
    totals = np.bincount(entries.products, entries.weights**2, minlength=len(lines.product_ids)) + _LITTLE
    scores = pairs.weights / np.sqrt(totals[pairs.left] * totals[pairs.right])
    return best_neighbours(pairs, scores.astype(np.float32), len(lines.product_ids), settings.neighbours)


def best_neighbours(pairs: Pairs, scores: np.ndarray, product_count: int, most: int) -> Neighbours:
    """The lists of the `most` best neighbours of each product by `scores` (k,) of the pairs."""
    order = np.lexsort((pairs.right, -scores, pairs.left))
    left = pairs.left[order]
    starts = np.searchsorted(left, np.arange(product_count))
    kept = order[np.arange(len(left)) - starts[left] < most]
    ends = np.cumsum(np.bincount(pairs.left[kept], minlength=product_count))
    return Neighbours(ends, pairs.right[kept].astype(np.int32), scores[kept].astype(np.float32))
