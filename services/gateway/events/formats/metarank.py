"""Events of Metarank: interactions, and also rankings and metadata of items and users.

https://github.com/metarank/metarank, doc/event-schema.md
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, NotAnInteraction, Unreadable, shown
from services.gateway.events.formats.verbs import action_of

_INTERACTION = "interaction"
_OTHERS = {"ranking": "impression", "item": "metadata", "user": "metadata"}
_USUAL = ("timestamp", "item", "user", "session")
_NAMES = {"action": "type", "visitor_id": "user", "event_time": "timestamp", "products": "item"}


def _matches(payload: Mapping[str, Any]) -> bool:
    return payload.get("event") in (_INTERACTION, *_OTHERS) and any(name in payload for name in _USUAL)


def _read(fields: Fields) -> Iterator[UserEvent]:
    """Positions are in the ranking, an event of its own. Senders may repeat them as fields."""
    kind = fields.text("event")
    if kind in _OTHERS:
        raise NotAnInteraction(_OTHERS[kind])
    if kind != _INTERACTION:
        reason = f"{shown(kind)!r} is unknown; use one of: {_INTERACTION}, {', '.join(_OTHERS)}"
        raise Unreadable(fields.path + "event", reason if kind else "is required")
    action = action_of(fields.path + "type", fields.text("type"))
    user_id = fields.identifier("user")
    session_id = fields.identifier("session", required=not user_id)
    event = UserEvent(
        event_id=fields.identifier("id"),
        action=action,
        visitor_id=user_id or session_id,
        user_id=user_id,
        session_id=session_id,
        query_id=fields.identifier("ranking"),
        products=[_product(fields, action)],
    )
    fields.set_time(event, "timestamp")
    yield event


def _product(fields: Fields, action: str) -> EventProduct:
    """The product. Position and amounts are custom fields of the sender."""
    more = _more(fields)
    return EventProduct(
        product_id=fields.identifier("item", required=True),
        position=more.position(action, "position"),
        quantity=more.count("quantity", "count"),
        price=more.number("price"),
        currency_code=more.currency_code("currency", "currency_code"),
    )


def _more(fields: Fields) -> Fields:
    """The custom fields, a list of names and values, as an object."""
    named = {each.text("name"): each.values.get("value") for each in fields.objects("fields")}
    return Fields(named, f"{fields.path}fields.")


FORMAT = EventFormat("metarank", "Metarank events", _matches, _read, _NAMES)
