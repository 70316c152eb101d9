"""Events of Algolia's Insights API, as they are sent to `/1/events`.

https://www.algolia.com/doc/rest-api/insights/push-events
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, NotAnInteraction, Unreadable, shown
from services.gateway.events.formats.spelling import snake_case
from services.gateway.events.formats.verbs import action_of, known_action

_TYPES = ("view", "click", "conversion")
_LISTED = "hits_viewed"  # InstantSearch's name for a page of results
_USUAL = ("userToken", "authenticatedUserToken", "objectIDs")
_NAMES = {
    "action": "eventType",
    "visitor_id": "userToken",
    "event_time": "timestamp",
    "products": "objectIDs",
}


def _matches(payload: Mapping[str, Any]) -> bool:
    return payload.get("eventType") in _TYPES and any(name in payload for name in _USUAL)


def _read(fields: Fields) -> Iterator[UserEvent]:
    """One event for each search. The products of an order may come from several searches."""
    action = _action(fields)
    ids = fields.identifiers("objectIDs")
    if not ids and "filters" in fields.values:
        raise NotAnInteraction("filters")
    if not ids:
        raise Unreadable(fields.path + "objectIDs", "is required; name the products")
    if action == "view" and len(ids) > 1:
        raise NotAnInteraction("impression")
    groups: dict[str, list[EventProduct]] = {}
    for query_id, product in _products(fields, ids, action):
        groups.setdefault(query_id, []).append(product)
    for query_id, products in groups.items():
        event = _event(fields, action, query_id, products)
        value = fields.number("value")
        if value is not None and len(groups) == 1:
            event.attributes["revenue"].numbers.append(value)
        yield event


def _event(fields: Fields, action: str, query_id: str, products: list[EventProduct]) -> UserEvent:
    event = UserEvent(
        action=action,
        visitor_id=fields.identifier("userToken", required=True),
        user_id=fields.identifier("authenticatedUserToken"),
        query_id=query_id,
        products=products,
    )
    fields.set_time(event, "timestamp")
    return event


def _action(fields: Fields) -> str:
    """The action. That of a conversion is its eventSubtype, or else its eventName."""
    kind = fields.text("eventType")
    name = fields.text("eventName")
    if kind not in _TYPES:
        reason = f"{shown(kind)!r} is unknown; use one of: {', '.join(_TYPES)}"
        raise Unreadable(fields.path + "eventType", reason if kind else "is required")
    if kind == "view" and snake_case(name) == _LISTED:
        raise NotAnInteraction("impression")
    if kind != "conversion":
        return kind
    if subtype := fields.text("eventSubtype"):
        return action_of(fields.path + "eventSubtype", subtype)
    if action := known_action(name):
        return action
    raise Unreadable(fields.path + "eventSubtype", "is required for a conversion; send addToCart or purchase")


def _products(fields: Fields, ids: list[str], action: str) -> Iterator[tuple[str, EventProduct]]:
    """Each product, with the query id of its line or of the event."""
    positions = fields.positions(action, "positions") or [0] * len(ids)
    lines = fields.objects("objectData") or [Fields({})] * len(ids)
    for name, listed in (("positions", positions), ("objectData", lines)):
        if len(listed) != len(ids):
            reason = f"has {len(listed)} for {len(ids)} objectIDs; send one for each"
            raise Unreadable(fields.path + name, reason)
    query_id = fields.identifier("queryID")
    for product_id, position, line in zip(ids, positions, lines, strict=True):
        product = EventProduct(
            product_id=product_id,
            position=position,
            quantity=line.count("quantity"),
            price=line.number("price"),
            currency_code=fields.currency_code("currency"),
        )
        yield line.identifier("queryID") or query_id, product


FORMAT = EventFormat("algolia", "Algolia Insights events", _matches, _read, _NAMES)
