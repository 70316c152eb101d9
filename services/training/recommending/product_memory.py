"""Builds the product memory from visitors' interactions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.training.recommending.ease import ease_weights
from services.training.recommending.interactions import (
    OPEN,
    PURCHASE,
    Codes,
    Interactions,
    distinct_rows,
)
from services.training.recommending.pairs import Entries, Pairs, counted_pairs, distinct_entries
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

# A score is divided by this power of the neighbour's own count. 0 gives the plain count, which
# favours popular products; 0.5 gives the cosine, which favours rare ones (docs/recommendations.md)
_RARITY = 0.3
_LITTLE = 10.0  # pseudo-count of a product's groups, so that a rare pair does not score high


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """Limits of a product memory."""

    least_pair_visitors: int = 5  # distinct visitors who had both products of a pair
    least_visitors: int = LEAST_VISITORS  # distinct visitors of a product
    neighbours: int = 100  # of a product
    half_life_days: float = 120.0  # of a basket or session
    owned_half_life_days: float = 180.0  # of a purchase
    lately_half_life_days: float = 45.0  # the same for `owned_lately`
    ease_products: int = 4_000  # the most bought: n^2 memory, n^3 time


def build_product_memory(
    lines: Interactions, now_seconds: float, settings: MemorySettings | None = None
) -> ProductMemory:
    """The product memory of the interactions before now, without products of too few visitors."""
    chosen = settings or MemorySettings()
    past = _of_enough_visitors(lines.before(now_seconds), chosen.least_visitors)
    purchases, opens = past.of_kind(PURCHASE), past.of_kind(OPEN)
    owned, owned_lately = _owned(purchases, now_seconds, chosen)
    return ProductMemory(
        product_ids=lines.product_ids,
        bought=_together(purchases, purchases.groups, now_seconds, chosen),
        opened=_together(opens, opens.groups, now_seconds, chosen),
        owned=owned,
        owned_lately=owned_lately,
        purchases=popularity(purchases, now_seconds, chosen.least_visitors),
        first_purchases=popularity(purchases, now_seconds, chosen.least_visitors, first_only=True),
        opens=popularity(opens, now_seconds, chosen.least_visitors),
        repeat_rate=repeat_rate(purchases),
        repeat_days=repeat_days(purchases),
        first_day=first_days(past),
        price=usual_prices(purchases),
    )


def _of_enough_visitors(lines: Interactions, least_visitors: int) -> Interactions:
    """The lines of products that at least `least_visitors` distinct visitors bought or opened."""
    had = distinct_rows(lines.products, lines.visitors)[0]
    visitors = np.bincount(had, minlength=len(lines.product_ids))
    return lines.where(visitors[lines.products] >= least_visitors)


def _together(lines: Interactions, groups: Codes, now_seconds: float, settings: MemorySettings) -> Neighbours:
    ages_days = np.maximum(now_seconds - lines.seconds, 0.0) / DAY_SECONDS
    weights = 0.5 ** (ages_days / settings.half_life_days / 2)  # a pair weighs the product of both
    entries = distinct_entries(groups, lines.products, lines.visitors, weights)
    pairs = counted_pairs(entries, len(lines.product_ids), settings.least_pair_visitors)
    totals = np.bincount(entries.products, entries.weights**2, minlength=len(lines.product_ids)) + _LITTLE
    shrunk = totals[pairs.left] ** (1 - _RARITY) * totals[pairs.right] ** _RARITY
    scores = pairs.weights / shrunk
    return best_neighbours(pairs, scores.astype(np.float32), len(lines.product_ids), settings.neighbours)


def _owned(
    purchases: Interactions, now_seconds: float, settings: MemorySettings
) -> tuple[Neighbours, Neighbours]:
    """EASE weights between products that enough visitors both bought, at any time and lately."""
    count = len(purchases.product_ids)
    ages_days = np.maximum(now_seconds - purchases.seconds, 0.0) / DAY_SECONDS

    def entries(half_life_days: float) -> Entries:
        weights = 0.5 ** (ages_days / half_life_days)
        return distinct_entries(purchases.visitors, purchases.products, purchases.visitors, weights)

    always = entries(settings.owned_half_life_days)
    pairs = counted_pairs(always, count, settings.least_pair_visitors)  # the same for both
    lately = entries(settings.lately_half_life_days)
    return _by_ease(always, pairs, count, settings), _by_ease(lately, pairs, count, settings)


def _by_ease(entries: Entries, pairs: Pairs, count: int, settings: MemorySettings) -> Neighbours:
    """The best neighbours of `count` products by EASE weights above 0."""
    scores = ease_weights(entries, pairs, count, settings.ease_products)
    positive = scores > 0
    kept = Pairs(*(getattr(pairs, name)[positive] for name in ("left", "right", "visitors", "weights")))
    return best_neighbours(kept, scores[positive], count, settings.neighbours)


def best_neighbours(pairs: Pairs, scores: np.ndarray, product_count: int, most: int) -> Neighbours:
    """The lists of the `most` best neighbours of each product by `scores` (k,) of the pairs."""
    order = np.lexsort((pairs.right, -scores, pairs.left))
    left = pairs.left[order]
    starts = np.searchsorted(left, np.arange(product_count))
    kept = order[np.arange(len(left)) - starts[left] < most]
    ends = np.cumsum(np.bincount(pairs.left[kept], minlength=product_count))
    return Neighbours(ends, pairs.right[kept].astype(np.int32), scores[kept].astype(np.float32))
