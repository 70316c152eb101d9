"""UserEvents of Google's Retail API v2, as its import, its pixel and its exports write them.

google/cloud/retail/v2/user_event.proto. JSON has camelCase, and protobuf's own names snake_case.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, Unreadable
from services.gateway.events.formats.spelling import snake_case
from services.gateway.events.formats.verbs import action_of

_NAMES = {
    "action": "eventType",
    "visitor_id": "visitorId",
    "event_time": "eventTime",
    "products": "productDetails",
}


@cache
def _either(name: str) -> tuple[str, str]:
    return name, snake_case(name)


def _matches(payload: Mapping[str, Any]) -> bool:
    return any(name in payload for name in _either("eventType")) and any(
        name in payload for name in _either("visitorId")
    )


def _read(fields: Fields) -> Iterator[UserEvent]:
    path, _ = fields.find(*_either("eventType"))
    action = action_of(path, fields.text(*_either("eventType")))
    transaction = fields.object(*_either("purchaseTransaction"))
    details = fields.objects(*_either("productDetails"))
    if not details:
        raise Unreadable(fields.find(*_either("productDetails"))[0], "is required; name the products")
    event = UserEvent(
        action=action,
        visitor_id=fields.identifier(*_either("visitorId"), required=True),
        user_id=fields.object(*_either("userInfo")).identifier(*_either("userId")),
        session_id=fields.identifier(*_either("sessionId")),
        query_id=fields.identifier(*_either("attributionToken")),
        products=[_product(each, transaction.currency_code(*_either("currencyCode"))) for each in details],
    )
    fields.set_time(event, *_either("eventTime"))
    _keep(event, fields, transaction)
    yield event


def _product(detail: Fields, currency_code: str) -> EventProduct:
    product = detail.object("product")
    price = product.object(*_either("priceInfo"))
    return EventProduct(
        product_id=product.identifier("id", required=True),
        quantity=detail.count("quantity"),
        price=price.number("price"),
        currency_code=price.currency_code(*_either("currencyCode")) or currency_code,
    )


def _keep(event: UserEvent, fields: Fields, transaction: Fields) -> None:
    """Keep experiments, and the order with its total, as attributes: we have no fields for them."""
    if experiments := fields.identifiers(*_either("experimentIds")):
        event.attributes["experiment_ids"].text.extend(experiments)
    if order_id := transaction.identifier("id"):
        event.attributes["order_id"].text.append(order_id)
    revenue = transaction.number("revenue")
    if revenue is not None:
        event.attributes["revenue"].numbers.append(revenue)


FORMAT = EventFormat("google-retail", "Google Retail user events", _matches, _read, _NAMES)
