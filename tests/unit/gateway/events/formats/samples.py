"""An event of each system that can be read, and what becomes of one."""

from typing import Any

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.event_format import Outcome, Rejected
from services.gateway.events.formats.reading import format_named, read

UBI = {
    "action_name": "click",
    "client_id": "v",
    "event_attributes": {"object": {"object_id": "p"}, "position": {"ordinal": 2}},
}
ALGOLIA = {
    "eventType": "click",
    "eventName": "Clicked",
    "index": "i",
    "userToken": "v",
    "objectIDs": ["p"],
    "positions": [1],
}
RETAIL = {
    "eventType": "detail-page-view",
    "visitorId": "v",
    "productDetails": [{"product": {"id": "p"}}],
}
METARANK = {"event": "interaction", "id": "m1", "user": "u", "type": "click", "item": "p"}
GORSE = {"FeedbackType": "read", "UserId": "u", "ItemId": "p"}
PAYLOADS: dict[str, dict[str, Any]] = {
    "ubi": UBI,
    "algolia": ALGOLIA,
    "google-retail": RETAIL,
    "metarank": METARANK,
    "gorse": GORSE,
}


def only(value: Any, name: str = "") -> Outcome:
    (outcome,) = read(value, format_named(name) if name else None)
    return outcome


def event(value: Any) -> UserEvent:
    outcome = only(value)
    assert isinstance(outcome, UserEvent), outcome
    return outcome


def rejected(value: Any, name: str = "") -> Rejected:
    outcome = only(value, name)
    assert isinstance(outcome, Rejected), outcome
    assert f"{outcome.field}{outcome.reason}".isprintable()
    return outcome
