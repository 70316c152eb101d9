"""Our own UserEvent as JSON (protos/aisle/v1/events.proto)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.event_format import EventFormat
from services.gateway.events.formats.fields import Fields, Unreadable
from shared.catalog.validation import printable

_NAMED = re.compile(r'(?:no field named "|Failed to parse )([\w.]+)')
_OURS = ("event_id", "eventId", "visitor_id", "visitorId", "products")


def _matches(payload: Mapping[str, Any]) -> bool:
    return "action" in payload and any(name in payload for name in _OURS)


def _read(fields: Fields) -> Iterator[UserEvent]:
    try:
        yield ParseDict(fields.values, UserEvent())
    except ParseError as error:
        message = printable(str(error).splitlines()[0])
        raise Unreadable(fields.path + _field(message), message) from error
    # Errors that ParseDict does not convert, such as that of half a surrogate pair
    except (ValueError, TypeError) as error:
        reason = f"cannot be read ({printable(str(error))}); send valid UTF-8"
        raise Unreadable(fields.path + "event", reason) from error


def _field(message: str) -> str:
    """The field that protobuf's message names; empty if it names none."""
    named = _NAMED.search(message)
    return named[1] if named else ""


FORMAT = EventFormat("aisle", "Aisle events", _matches, _read, {})
