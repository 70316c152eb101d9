"""A format of events: how one system says what a shopper did, and what became of a payload."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.fields import Fields


@dataclass(frozen=True, slots=True)
class Skipped:
    """A payload that is no interaction, such as a search; `reason` is one word, to be counted by."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload that cannot be read: the field at fault in the sender's own name, and the remedy."""

    field: str
    reason: str


Outcome = UserEvent | Skipped | Rejected


@dataclass(frozen=True)
class EventFormat:
    """Its name for people to choose it by, what it is called, and how its payloads are read."""

    name: str
    title: str
    matches: Callable[[Mapping[str, Any]], bool]
    # Raises Unreadable and NotAnInteraction; an event without an id is given one later
    read: Callable[[Fields], Iterable[UserEvent]]
    # The sender's names of our fields; empty: they are ours, and the gateway's own errors name them
    names: Mapping[str, str]
