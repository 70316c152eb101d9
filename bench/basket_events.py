"""A basket as the events that a shop sends."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.json_format import ParseDict

from aisle.v1.events_pb2 import UserEvent
from services.training.recommending.purchase_file import Basket

_LINES_AN_EVENT = 100  # of an order: what an event may have


def events_of(basket: Basket) -> list[UserEvent]:
    """The order, in events of at most 100 lines."""
    lines = list(basket.lines.items())
    parts = [lines[start : start + _LINES_AN_EVENT] for start in range(0, len(lines), _LINES_AN_EVENT)]
    return [_event(basket, number, part) for number, part in enumerate(parts)]


def _event(basket: Basket, number: int, part: Iterable[tuple[str, tuple[int, float]]]) -> UserEvent:
    event: UserEvent = ParseDict(
        {
            "event_id": f"{basket.basket_id}-{number}",
            "action": "purchase",
            "visitor_id": basket.user,
            "session_id": basket.basket_id,
            "products": [
                {"product_id": product_id, "quantity": quantity, "price": price}
                for product_id, (quantity, price) in part
            ],
        },
        UserEvent(),
    )
    event.event_time.FromNanoseconds(int(basket.seconds * 1e9))
    return event
