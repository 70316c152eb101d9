"""What is known of a visitor, as it is kept.

The last products, the visit, the events that have been seen, and what was counted of them.

A value is marks (watermarks.py), the events seen (2 bytes of count, 16 bytes each), how many
interactions came of late (frequency.py), what was counted of interactions and of pages
(counted_once.py), and the state as JSON.
"""

import hashlib
import json
import struct
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from shared.features import counted_once, frequency
from shared.features import watermarks as marks
from shared.features.counted_once import CountedOnce
from shared.features.frequency import Frequency
from shared.features.keys import VISITOR_SECONDS
from shared.features.watermarks import Source, Watermarks

MAX_RECENT_PRODUCTS = 20
MAX_BOUGHT = 300
MAX_IN_CART = 100
MAX_BOUGHT_DAYS = 200
TTL_SECONDS = float(VISITOR_SECONDS)
HALF_LIFE_SECONDS = 2 * 24 * 3600.0
MAX_SEEN = 1_024  # of one visitor; twice what a worker may have applied and not yet committed

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_COUNT = struct.Struct("<H")
_SEEN = struct.Struct("<8sQ")


@dataclass(frozen=True, slots=True)
class RecentProduct:
    """A product that the visitor acted on.

    `weight` is that of the time of the last action, since 1970.
    """

    product_id: str
    weight: float
    time_seconds: float
    session_id: str = ""  # of the last action

    def weight_at(self, now_seconds: float) -> float:
        """The weight, halved with every HALF_LIFE_SECONDS that passed; 0 once TTL_SECONDS have."""
        age = max(0.0, now_seconds - self.time_seconds)
        return 0.0 if age > TTL_SECONDS else self.weight * float(0.5 ** (age / HALF_LIFE_SECONDS))


@dataclass(frozen=True, slots=True)
class BoughtProduct:
    """A product that the visitor bought, on how many days, and on which first and last (since 1970)."""

    product_id: str
    days: int
    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class VisitorState:
    """A visitor's last products, the latest first, the visit, the purchases and the cart."""

    recent: tuple[RecentProduct, ...] = ()
    session_id: str = ""
    bought: tuple[BoughtProduct, ...] = ()  # the last bought first
    cart: tuple[str, ...] = ()  # ids of products, the last added first
    bought_days: tuple[int, ...] = ()  # with a purchase, since 1970, rising

    def weights_at(self, now_seconds: float, session_id: str | None = None) -> dict[str, float]:
        """Product id -> weight of what still counts, the latest first.

        With `session_id`, of that session alone.
        """
        mine = [product for product in self.recent if session_id is None or product.session_id == session_id]
        weights = {product.product_id: product.weight_at(now_seconds) for product in mine}
        return {product_id: weight for product_id, weight in weights.items() if weight > 0}


NOBODY = VisitorState()


class SeenEvents:
    """Ids of events and the offset where each was first.

    The same id at another offset is a second telling.
    """

    def __init__(self, encoded: bytes = b"") -> None:
        # As they are stored, the newest last: most of them are never looked at
        self._entries = bytearray(encoded)

    def first_offset(self, name: bytes, offset: int) -> int:
        """Where the event of that name (8 bytes) was first; it is here when it was never seen."""
        if known := self.known_offset(name):
            return known
        self._entries += _SEEN.pack(name, offset)
        return offset

    def known_offset(self, name: bytes) -> int:
        """Where the event was first; 0 when it was never seen, or so long ago that it is forgotten."""
        at = self._entries.find(name)
        while at % _SEEN.size and at >= 0:  # by chance, across two entries
            at = self._entries.find(name, at + 1)
        return int(_SEEN.unpack_from(self._entries, at)[1]) if at >= 0 else 0

    def encoded(self) -> bytes:
        """The newest MAX_SEEN of them."""
        newest = self._entries[-MAX_SEEN * _SEEN.size :]
        return _COUNT.pack(len(newest) // _SEEN.size) + newest


def event_name(topic: str, event_id: str) -> bytes:
    """8 bytes that stand for an event of a topic."""
    return hashlib.blake2b(f"{topic}\0{event_id}".encode(), digest_size=8).digest()


class Telling(Enum):
    """What the arrival of an event is."""

    FIRST = "first"  # it has not been applied here
    REDELIVERED = "redelivered"  # it has been applied here, and perhaps not yet to other keys
    # The same event was told before, or it had all its effects long ago: it does nothing
    SECOND = "second"


class Visitor:
    """A visitor's value, opened."""

    def __init__(self, value: bytes | None = None) -> None:
        """As stored; a stranger when there is no value."""
        self.marks = Watermarks(value)
        self.state = state_of(value)
        seen, often, interactions, shown, _ = _parts(value) if value else (b"", b"", b"", b"", b"")
        self._seen = SeenEvents(seen)
        self.frequency = Frequency(often)
        self.interactions = CountedOnce(interactions)
        self.shown = CountedOnce(shown)

    def hear(self, source: Source, offset: int, name: bytes) -> Telling:
        """Take in that an event was told; `name` as event_name gives it.

        One from before the marks that is no longer remembered has had all its effects long ago:
        what a worker may have applied without committing it is far less than what is remembered.
        """
        if self.marks.advance(source, offset):
            return Telling.FIRST if self._seen.first_offset(name, offset) == offset else Telling.SECOND
        return Telling.REDELIVERED if self._seen.known_offset(name) == offset else Telling.SECOND

    def check(self) -> None:
        """Raise ValueError or struct.error where what is only opened when needed cannot be read."""
        for part in (self.interactions, self.shown):
            counted_once.check(part.encoded())

    def encoded(self) -> bytes:
        """As it is stored."""
        recent = [
            (each.product_id, each.weight, each.time_seconds, each.session_id) for each in self.state.recent
        ]
        bought = [(each.product_id, each.days, each.first_day, each.last_day) for each in self.state.bought]
        state = _JSON.encode([self.state.session_id, recent, bought, self.state.cart, self.state.bought_days])
        parts = (self.marks, self._seen, self.frequency, self.interactions, self.shown)
        return b"".join((*(part.encoded() for part in parts), state.encode()))


def state_of(value: bytes | None) -> VisitorState:
    """The state in a value; nobody's when there is none."""
    if not value:
        return NOBODY
    session_id, recent, bought, cart, bought_days = json.loads(_parts(value)[-1])
    return VisitorState(
        tuple(RecentProduct(*each) for each in recent),
        session_id,
        tuple(BoughtProduct(*each) for each in bought),
        tuple(cart),
        tuple(bought_days),
    )


def _parts(value: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Events seen, frequency, counted of interactions, counted of pages, and the state."""
    start = marks.size(value)
    (count,) = _COUNT.unpack_from(value, start)
    start += _COUNT.size
    often = start + count * _SEEN.size
    interactions = often + frequency.SIZE
    shown = interactions + counted_once.size_at(value, interactions)
    state = shown + counted_once.size_at(value, shown)
    ends = (start, often, interactions, shown, state, len(value))
    seen, admitted, acted, pages, rest = (value[at:end] for at, end in pairwise(ends))
    return seen, admitted, acted, pages, rest
