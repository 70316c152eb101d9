"""What simple counting would recommend: references in the same run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from services.training.recommending.purchase_file import Basket

_RECENT_SECONDS = 30 * 86_400.0
_KEPT = 100


class PurchaseOrders:
    """Popularity, own frequency, and counts of pairs, of the baskets that are known."""

    def __init__(self, baskets: Sequence[Basket]) -> None:
        end = baskets[-1].seconds
        recent = Counter[str]()
        self._own: dict[str, Counter[str]] = defaultdict(Counter)
        self._pairs: dict[str, Counter[str]] = defaultdict(Counter)
        for basket in baskets:
            self._own[basket.user].update(basket.product_ids)
            if end - basket.seconds <= _RECENT_SECONDS:
                recent.update(basket.product_ids)
            for seed in basket.product_ids:
                self._pairs[seed].update(basket.product_ids)
        self._recent = [product for product, _ in recent.most_common()]

    def bought_by(self, user: str) -> set[str]:
        """All that a customer bought."""
        return set(self._own[user])

    def of(self, user: str) -> Iterator[tuple[str, list[str]]]:
        """Each reference, and what it would recommend to a customer, the best first."""
        own = [product for product, _ in self._own[user].most_common()]
        yield "popularity, 30 days", self._recent
        yield "own frequency, then popularity", [*own, *(each for each in self._recent if each not in own)]

    def with_seed(self, seed: str) -> list[str]:
        """What was most often in a basket with a product."""
        return [product for product, _ in self._pairs[seed].most_common(_KEPT) if product != seed]
