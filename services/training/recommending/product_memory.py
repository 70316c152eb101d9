"""Builds the product memory from visitors' interactions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.training.recommending.best_pairs import best_pairs, neighbours
from services.training.recommending.ease import ease_weights, most_bought
from services.training.recommending.interactions import (
    OPEN,
    PURCHASE,
    Codes,
    Interactions,
    distinct_rows,
)
from services.training.recommending.pairs import (
    Entries,
    Pairs,
    counted_pairs,
    distinct_entries,
    parts_of_pairs,
)
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
        bought=_together(purchases, now_seconds, chosen),
        opened=_together(opens, now_seconds, chosen),
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


def _together(lines: Interactions, now_seconds: float, settings: MemorySettings) -> Neighbours:
    """The neighbours by common groups. Only the best pairs of each part are kept in memory."""
    count = len(lines.product_ids)
    entries = _entries(lines, lines.groups, now_seconds, 2 * settings.half_life_days)
    totals = np.bincount(entries.products, entries.weights.astype(np.float64) ** 2, minlength=count) + _LITTLE
    best = []
    for pairs in parts_of_pairs(entries, count, settings.least_pair_visitors):
        shrunk = totals[pairs.left] ** (1 - _RARITY) * totals[pairs.right] ** _RARITY
        best.append(best_pairs(pairs, (pairs.weights / shrunk).astype(np.float32), settings.neighbours))
    return neighbours(best, count)


def _entries(lines: Interactions, groups: Codes, now_seconds: float, half_life_days: float) -> Entries:
    """The entries of the groups, halved with every `half_life_days`."""
    ages_days = np.maximum(now_seconds - lines.seconds, 0.0) / DAY_SECONDS
    return distinct_entries(groups, lines.products, lines.visitors, 0.5 ** (ages_days / half_life_days))


def _owned(
    purchases: Interactions, now_seconds: float, settings: MemorySettings
) -> tuple[Neighbours, Neighbours]:
    """EASE weights between products that enough visitors both bought, at any time and lately.

    Pairs of products that EASE leaves out are not counted.
    """
    count, most = len(purchases.product_ids), settings.ease_products
    always = _entries(purchases, purchases.visitors, now_seconds, settings.owned_half_life_days)
    lately = _entries(purchases, purchases.visitors, now_seconds, settings.lately_half_life_days)
    chosen = np.zeros(count, bool)
    chosen[most_bought(always, count, most)] = True
    chosen[most_bought(lately, count, most)] = True
    always, lately = always.of_products(chosen), lately.of_products(chosen)
    pairs = counted_pairs(always, count, settings.least_pair_visitors)  # the same for both
    return _by_ease(always, pairs, count, settings), _by_ease(lately, pairs, count, settings)


def _by_ease(entries: Entries, pairs: Pairs, count: int, settings: MemorySettings) -> Neighbours:
    """The best neighbours of `count` products by EASE weights above 0."""
    scores = ease_weights(entries, pairs, count, settings.ease_products)
    positive = scores > 0
    best = best_pairs(pairs.where(positive), scores[positive], settings.neighbours)
    return neighbours([best], count)
