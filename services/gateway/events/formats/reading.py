"""Reads events from JSON of a shop's system. It may come from a file, a topic or a request."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events import event_validation
from services.gateway.events.formats import aisle, algolia, google_retail, gorse, metarank, ubi
from services.gateway.events.formats.event_format import EventFormat, Outcome, Rejected, Skipped
from services.gateway.events.formats.fields import Fields, NotAnInteraction, Unreadable
from shared.catalog.validation import printable
from shared.errors import InvalidRequest

FORMATS = {
    each.name: each
    for each in (
        ubi.FORMAT,
        algolia.FORMAT,
        google_retail.FORMAT,
        metarank.FORMAT,
        gorse.FORMAT,
        aisle.FORMAT,
    )
}
# Fields of a body that hold a list of events
LISTS = ("events", "userEvents", "user_events")
# Objects around them: Google's import, and a document of OpenSearch
_AROUND = ("inputConfig", "input_config", "userEventInlineSource", "user_event_inline_source", "_source")
_UNKNOWN = f"has an unknown format; send one of docs/events.md: {', '.join(FORMATS)}"
_TOO_DEEP = "is nested too deeply; send the flat object that its format describes"


def format_named(name: str) -> EventFormat:
    """The format with a name. Raises InvalidRequest if the name is unknown."""
    if name not in FORMATS:
        raise InvalidRequest("format", f"is {name!r}; give one of {', '.join(FORMATS)}")
    return FORMATS[name]


def detected(payload: Any) -> EventFormat | None:
    """The format of a payload, by its fields. None if it is unknown."""
    if not isinstance(payload, dict):
        return None
    return next((each for each in FORMATS.values() if each.matches(payload)), None)


def payloads(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The path and payload of each event: those of a list or a body, or else the value itself."""
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield f"{path}[{at}].", each
        return
    if isinstance(value, dict):
        for name in LISTS:
            if isinstance(value.get(name), list):
                yield from payloads(value[name], path + name)
                return
        for name in _AROUND:
            if isinstance(value.get(name), dict):
                yield from payloads(value[name], f"{path}{name}.")
                return
    yield path, value


def read(value: Any, format: EventFormat | None = None, place: str = "") -> Iterator[Outcome]:
    """The outcome of each event in a value, in order. Without a format, each payload's is detected.

    `place`, such as a record's place in a topic, distinguishes equal values that have neither id
    nor time. Without it they are the same event. Raises nothing for any value.
    """
    try:
        found = list(payloads(value))
    except RecursionError:
        found = []
        yield Rejected("event", _TOO_DEEP)
    for path, payload in found:
        chosen = format or detected(payload)
        where = path.rstrip(".") or "event"
        if not isinstance(payload, dict):
            yield Rejected(where, "is not a JSON object; send one for each event")
        elif chosen is None:
            yield Rejected(where, _UNKNOWN)
        else:
            yield from _Payload(payload, path, chosen, place).outcomes()


@dataclass(frozen=True, slots=True)
class _Payload:
    """One event as it was sent, its path in the value, and its format."""

    content: dict[str, Any]
    path: str
    format: EventFormat
    place: str

    def outcomes(self) -> list[Outcome]:
        """Usually one; several if the products of an order come from several searches."""
        where = self.path.rstrip(".") or "event"
        try:
            events = list(self.format.read(Fields(self.content, self.path)))
            return [self._finished(event, at) for at, event in enumerate(events)]
        except NotAnInteraction as other:
            return [Skipped(other.reason)]
        except Unreadable as error:
            return [Rejected(printable(error.field), error.reason)]
        except RecursionError:
            return [Rejected(where, _TOO_DEEP)]
        except (ValueError, TypeError, OverflowError) as error:
            return [Rejected(where, f"cannot be read ({printable(str(error))[:200]}); correct it")]

    def _finished(self, event: UserEvent, at: int) -> Outcome:
        """The event with an id, if it is valid.

        Events of our own format are not checked: the event service does that.
        """
        names = self.format.names
        if not names:
            return event
        if not event.event_id:
            needs_place = self.place and not event.HasField("event_time")
            place = f"{self.place} {self.path}" if needs_place else ""
            event.event_id = _event_id(self.format.name, self.content, place) + (f"/{at}" if at else "")
        if fault := event_validation.fault(event):
            name, reason = fault
            ours = name.partition(".")[0].partition("[")[0]
            return Rejected(self.path + names.get(ours, name), reason)
        return event


def _event_id(name: str, payload: dict[str, Any], place: str) -> str:
    """An id that is equal for equal payloads, in any order of fields, so that each counts once."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":")) + place
    return f"{name}:{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"
