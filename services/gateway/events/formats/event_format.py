"""The format of one system's events, and the outcomes of reading a payload."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.fields import Fields


@dataclass(frozen=True, slots=True)
class Skipped:
    """A payload that is not an interaction, such as a search. `reason` is one word, for counting."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload that cannot be read: the field at fault in the sender's own name, and the remedy."""

    field: str
    reason: str


Outcome = UserEvent | Skipped | Rejected


@dataclass(frozen=True)
class EventFormat:
    """`name` selects the format in settings and options; `title` is its name in texts."""

    name: str
    title: str
    matches: Callable[[Mapping[str, Any]], bool]
    # Raises Unreadable and NotAnInteraction; an event without an id gets one later
    read: Callable[[Fields], Iterable[UserEvent]]
    # Our field -> the sender's name of it. Empty: the names are ours, and the event service checks
    names: Mapping[str, str]
