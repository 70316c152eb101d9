"""Events that no shopper sends: a script that clicks for ever, and visitors who never were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sample.shopper import Event


def script(visitor_id: str, product_id: str, query_id: str, count: int, now: datetime) -> Iterator[Event]:
    """One visitor's clicks on one product of one page, `count` of them."""
    for number in range(count):
        yield _click(f"{visitor_id}-{number:06d}", visitor_id, product_id, query_id, now)


def fakes(name: str, product_id: str, count: int, now: datetime) -> Iterator[Event]:
    """A click each of `count` visitors who have seen no page."""
    for number in range(count):
        visitor_id = f"{name}-{number:05d}"
        yield _click(f"{visitor_id}-0", visitor_id, product_id, "", now)


def _click(event_id: str, visitor_id: str, product_id: str, query_id: str, now: datetime) -> Event:
    return {
        "event_id": event_id,
        "action": "click",
        "visitor_id": visitor_id,
        "event_time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "query_id": query_id,
        "products": [{"product_id": product_id}],
    }
