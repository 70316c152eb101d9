"""An order that a learning engine must beat, worked out beside it on the same clicks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from shared.query_ids import query_hash


class MostClicked:
    """What was clicked most for exactly this query so far, then the order of day one."""

    def __init__(self) -> None:
        self._clicks: dict[int, Counter[str]] = defaultdict(Counter)

    def rank(self, query: str, product_id: str, day_one: Sequence[str]) -> int | None:
        """Place of a product, from 1; None if it is nowhere."""
        clicks = self._clicks[query_hash(query)]
        order = [each for each, _ in clicks.most_common()]
        known = set(order)
        order += [each for each in day_one if each not in known]
        return order.index(product_id) + 1 if product_id in order else None

    def learn(self, query: str, product_id: str) -> None:
        """Take in a click."""
        self._clicks[query_hash(query)][product_id] += 1
