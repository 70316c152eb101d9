"""User Behavior Insights 1.3, of OpenSearch and others (https://github.com/o19s/ubi).

Its event index has interactions. Its query index has searches, which are skipped.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, NotAnInteraction
from services.gateway.events.formats.verbs import action_of

_OF_QUERIES = ("user_query", "query_response_hit_ids", "query_response_id")
_NAMES = {
    "action": "action_name",
    "visitor_id": "client_id",
    "event_time": "timestamp",
    "products": "event_attributes.object",
}


def _matches(payload: Mapping[str, Any]) -> bool:
    return "action_name" in payload or any(name in payload for name in _OF_QUERIES)


def _read(fields: Fields) -> Iterator[UserEvent]:
    if "action_name" not in fields.values and any(name in fields.values for name in _OF_QUERIES):
        raise NotAnInteraction("search")
    action = action_of(fields.path + "action_name", fields.text("action_name"))
    attributes = fields.object("event_attributes")
    kind = attributes.object("object").text("object_id_type")
    if kind not in ("", "product"):
        raise NotAnInteraction("other_object")
    user_id = fields.identifier("user_id")
    event = UserEvent(
        action=action,
        visitor_id=fields.identifier("client_id", required=not user_id) or user_id,
        user_id=user_id,
        session_id=fields.identifier("session_id"),
        query_id=fields.identifier("query_id"),
        products=[_product(attributes, action)],
    )
    fields.set_time(event, "timestamp")
    yield event


def _product(attributes: Fields, action: str) -> EventProduct:
    """The product. The schema has no amounts; senders add them in one of three places."""
    thing = attributes.object("object")
    places = (attributes, thing, thing.object("object_detail"))
    prices = [place.number("price") for place in places]
    codes = [place.currency_code("currency", "currency_code") for place in places]
    return EventProduct(
        product_id=thing.identifier("object_id", required=True),
        position=attributes.object("position").position(action, "ordinal"),
        quantity=max(place.count("quantity") for place in places),
        price=next((price for price in prices if price is not None), None),
        currency_code=next(filter(None, codes), ""),
    )


FORMAT = EventFormat("ubi", "UBI events", _matches, _read, _NAMES)
