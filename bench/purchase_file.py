"""Purchases from a file: tab-separated user, basket, time, product_id, quantity, price."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from google.protobuf.json_format import ParseDict

from aisle.v1.events_pb2 import UserEvent
from services.training.recommending.interactions import PURCHASE, Interactions, NamedInteractions

_LINES_AN_EVENT = 100  # of an order: what an event may have


@dataclass
class Basket:
    """What a customer bought at once."""

    basket_id: str
    user: str
    seconds: float  # since 1970
    lines: dict[str, tuple[int, float]] = field(default_factory=dict)  # product id -> quantity, price

    @property
    def product_ids(self) -> list[str]:
        """What is in it."""
        return list(self.lines)

    def events(self) -> list[UserEvent]:
        """The order as a shop sends it."""
        lines = list(self.lines.items())
        parts = [lines[start : start + _LINES_AN_EVENT] for start in range(0, len(lines), _LINES_AN_EVENT)]
        return [self._event(number, part) for number, part in enumerate(parts)]

    def _event(self, number: int, lines: Iterable[tuple[str, tuple[int, float]]]) -> UserEvent:
        event: UserEvent = ParseDict(
            {
                "event_id": f"{self.basket_id}-{number}",
                "action": "purchase",
                "visitor_id": self.user,
                "session_id": self.basket_id,
                "products": [
                    {"product_id": product_id, "quantity": quantity, "price": price}
                    for product_id, (quantity, price) in lines
                ],
            },
            UserEvent(),
        )
        event.event_time.FromNanoseconds(int(self.seconds * 1e9))
        return event


def read_baskets(path: Path) -> list[Basket]:
    """All baskets of known customers in a file, plain or gzipped, in the order of time."""
    found: dict[str, Basket] = {}
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in filter(lambda row: row["user"], rows):
            seconds = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC).timestamp()
            basket = found.setdefault(row["basket"], Basket(row["basket"], row["user"], seconds))
            quantity = basket.lines.get(row["product_id"], (0, 0.0))[0] + int(row["quantity"])
            basket.lines[row["product_id"]] = quantity, float(row["price"])
    return sorted(found.values(), key=lambda basket: (basket.seconds, basket.basket_id))


def interactions_of(baskets: Sequence[Basket]) -> Interactions:
    """The lines of baskets, as the trainer reads them from the tables."""
    lines = [(basket, product, price) for basket in baskets for product, (_, price) in basket.lines.items()]
    return NamedInteractions(
        [basket.user for basket, _, _ in lines],
        [basket.basket_id for basket, _, _ in lines],
        np.full(len(lines), PURCHASE, np.int8),
        [product for _, product, _ in lines],
        np.array([basket.seconds for basket, _, _ in lines], np.float64),
        np.array([price for _, _, price in lines], np.float32),
    ).coded()
