"""Makes observations and records for tests."""

import time
from dataclasses import dataclass
from itertools import count
from typing import Any

from aisle.v1.events_pb2 import Impression, UserEvent
from shared.events.log import SEARCH_LOGS, USER_EVENTS, NewRecord
from shared.features.evidence import PAGE_OF_NOBODY
from shared.features.observation import Interaction, Observation, Shown
from shared.query_ids import new_query_id

NOW = 1_795_000_000.0
DAY = 24 * 3600.0
_NEW = count()


@dataclass(frozen=True)
class Where:
    """The record of an observation, with its visitor and time."""

    offset: int
    visitor_id: str = "v1"
    event_id: str = ""  # empty: a unique one
    at: float = NOW
    partition: int = 0
    query_hash: int = 0
    session_id: str = ""
    left_out: str = ""  # why it does not affect other visitors' pages
    logged: float = 0.0  # 0: as `at`


def did(action: str, *product_ids: str, **where: Any) -> Observation:
    """An interaction; keyword arguments are the fields of Where."""
    at = Where(**where)
    acted = Interaction(action, at.visitor_id, product_ids, at.at, at.session_id, at.query_hash, at.left_out)
    return _observation(acted, USER_EVENTS, at)


def shown(*product_ids: str, **where: Any) -> Observation:
    """A page that was shown."""
    at = Where(**where)
    left_out = at.left_out if at.visitor_id else PAGE_OF_NOBODY
    return _observation(Shown(product_ids, at.at, at.query_hash, at.visitor_id, left_out), SEARCH_LOGS, at)


def _observation(content: Interaction | Shown, topic: str, at: Where) -> Observation:
    key = at.visitor_id or f"search-{at.offset}"
    event_id = at.event_id or f"{at.partition}:{at.offset}"
    return Observation(content, topic, at.partition, at.offset, key, at.logged or at.at, event_id)


def event(
    action: str,
    *product_ids: str,
    visitor_id: str = "v1",
    event_id: str | None = None,
    query: str = "",
    from_page: bool = True,
) -> NewRecord:
    """An event that followed from a page of the visitor; `from_page` False: from elsewhere."""
    message = UserEvent(action=action, visitor_id=visitor_id)
    message.query_id = new_query_id(query) if from_page else ""
    message.event_time.FromNanoseconds(time.time_ns())
    for product_id in product_ids:
        message.products.add(product_id=product_id)
    return NewRecord(visitor_id, message.SerializeToString(), event_id)


def of_new_visitor(action: str, product_id: str, event_id: str = "") -> NewRecord:
    """An event of a visitor without other events. The same event_id means the same visitor."""
    visitor_id = f"visitor-{event_id or next(_NEW)}"
    return event(action, product_id, visitor_id=visitor_id, event_id=event_id or None)


def page(*product_ids: str, visitor_id: str = "v1", query: str = "") -> NewRecord:
    message = Impression(query_id=new_query_id(query), query=query, visitor_id=visitor_id)
    message.event_time.FromNanoseconds(time.time_ns())
    for position, product_id in enumerate(product_ids, 1):
        message.products.add(product_id=product_id, position=position)
    return NewRecord(visitor_id or message.query_id, message.SerializeToString(), f"{message.query_id}/0")
