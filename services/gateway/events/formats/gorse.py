"""Feedback of Gorse, as it is sent to `/api/feedback` (https://gorse.io/docs)."""

from collections.abc import Iterator, Mapping
from typing import Any

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, NotAnInteraction
from services.gateway.events.formats.spelling import snake_case
from services.gateway.events.formats.verbs import action_of

_NAMES = {
    "action": "FeedbackType",
    "visitor_id": "UserId",
    "event_time": "Timestamp",
    "products": "ItemId",
}


def _spellings(name: str) -> tuple[str, str, str]:
    return name, name[0].lower() + name[1:], snake_case(name)


_TYPE = _spellings("FeedbackType")
_USER = _spellings("UserId")
_ITEM = _spellings("ItemId")
_TIME = _spellings("Timestamp")
_VALUE = _spellings("Value")
_COMMENT = _spellings("Comment")
_OF_METADATA = ("Labels", "labels", "Categories", "categories", "IsHidden", "isHidden")
_COUNTED = ("add_to_cart", "remove_from_cart", "purchase")


def _matches(payload: Mapping[str, Any]) -> bool:
    known = any(name in payload for name in (*_USER, *_ITEM))
    return known and any(name in payload for name in (*_TYPE, *_OF_METADATA))


def _read(fields: Fields) -> Iterator[UserEvent]:
    path, verb = fields.find(*_TYPE)
    if verb is None and any(name in fields.values for name in _OF_METADATA):
        raise NotAnInteraction("metadata")
    action = action_of(path, fields.text(*_TYPE))
    user_id = fields.identifier(*_USER, required=True)
    product = EventProduct(product_id=fields.identifier(*_ITEM, required=True))
    event = UserEvent(action=action, visitor_id=user_id, user_id=user_id, products=[product])
    fields.set_time(event, *_TIME)
    _keep(event, fields)
    yield event


def _keep(event: UserEvent, fields: Fields) -> None:
    """Keep the value and the comment. A whole value of a cart or purchase is a quantity."""
    value = fields.number(*_VALUE)
    if value and event.action in _COUNTED and value == int(value):
        event.products[0].quantity = fields.count(*_VALUE)
    elif value:
        event.attributes["value"].numbers.append(value)
    if comment := fields.text(*_COMMENT):
        event.attributes["comment"].text.append(comment)


FORMAT = EventFormat("gorse", "Gorse feedback", _matches, _read, _NAMES)
