"""User events as they are in the log."""

from google.protobuf.message import DecodeError

from protos.events_pb2 import UserEvent
from services.feedback.interaction import Interaction


def parse(value: bytes) -> Interaction:
    """The interaction in a record's value. Raises ValueError when it is none."""
    try:
        event = UserEvent.FromString(value)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    if not event.visitor_id or not event.products:
        raise ValueError("visitor_id or products is missing")
    return Interaction(
        action=event.action,
        visitor_id=event.visitor_id,
        product_ids=tuple(product.product_id for product in event.products),
        time_seconds=event.event_time.seconds + event.event_time.nanos / 1e9,
        session_id=event.session_id,
    )
