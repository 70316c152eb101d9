"""Checks user events."""

import math

from aisle.v1.events_pb2 import EventProduct, UserEvent
from services.gateway.validation import id_fault
from shared import clock

ACTIONS = ("view", "click", "add_to_cart", "remove_from_cart", "purchase", "wishlist")
MAX_PRODUCTS = 100
MAX_FUTURE_SECONDS = 24 * 3600.0
MAX_EVENT_BYTES = 64 * 1024


def fault(event: UserEvent) -> tuple[str, str] | None:
    """The first field at fault, and the reason with the remedy. None if the event is valid."""
    return (
        _fault_of_names(event) or _fault_of_time(event) or _fault_of_products(event) or _fault_of_rest(event)
    )


def _fault_of_names(event: UserEvent) -> tuple[str, str] | None:
    for name in ("event_id", "visitor_id"):
        if reason := id_fault(getattr(event, name)):
            return name, reason
    for name in ("user_id", "session_id", "query_id"):
        value = getattr(event, name)
        if value and (reason := id_fault(value)):
            return name, reason
    if event.action not in ACTIONS:
        return "action", f"{event.action!r} is unknown; use one of: {', '.join(ACTIONS)}"
    return None


def _fault_of_time(event: UserEvent) -> tuple[str, str] | None:
    seconds = event.event_time.seconds
    nanos = event.event_time.nanos
    if seconds < 0 or not 0 <= nanos < 1_000_000_000:
        return "event_time", "is not a time since 1970; leave it out for now"
    if seconds > clock.now() + MAX_FUTURE_SECONDS:
        return "event_time", "is more than a day in the future; check the sender's clock"
    return None


def _fault_of_products(event: UserEvent) -> tuple[str, str] | None:
    if not 1 <= len(event.products) <= MAX_PRODUCTS:
        return "products", f"has {len(event.products)}; send 1 to {MAX_PRODUCTS}"
    for index, product in enumerate(event.products):
        if found := _fault_of_product(f"products[{index}]", product):
            return found
    return None


def _fault_of_product(name: str, product: EventProduct) -> tuple[str, str] | None:
    if reason := id_fault(product.product_id):
        return f"{name}.product_id", reason
    if product.HasField("price") and not (math.isfinite(product.price) and product.price >= 0):
        return (
            f"{name}.price",
            f"{product.price} is not a price; send a finite number of at least 0, or leave it out",
        )
    code = product.currency_code
    if code and not (len(code) == 3 and code.isascii() and code.isupper()):
        return f"{name}.currency_code", f"{code!r} is not three capital letters (ISO 4217)"
    return None


def _fault_of_rest(event: UserEvent) -> tuple[str, str] | None:
    for name, values in event.attributes.items():
        if not all(math.isfinite(number) for number in values.numbers):
            return f"attributes.{name}", "has a number that is not finite; leave it out"
    if (size := event.ByteSize()) > MAX_EVENT_BYTES:
        return "attributes", f"make the event {size} bytes; keep it within {MAX_EVENT_BYTES}"
    return None
