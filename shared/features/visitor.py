"""A visitor's value: state, events seen, and the names counted for them.

The stored parts are, in order:
- the watermarks (watermarks.py);
- the events seen (2 bytes of count, 16 bytes each);
- how many interactions were admitted of late (frequency.py);
- the counted names of interactions, and those of pages (counted_once.py);
- the state as JSON.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import orjson

from shared.features import counted_once, frequency, watermarks
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
MAX_SEEN = 1_024  # events of one visitor; twice the most applied but uncommitted records

_COUNT = struct.Struct("<H")
_SEEN = struct.Struct("<8sQ")


class RecentProduct(NamedTuple):
    """A product that the visitor acted on."""

    product_id: str
    weight: float  # at `time_seconds`
    time_seconds: float  # of the last action, since 1970
    session_id: str = ""  # of the last action

    def weight_at(self, now_seconds: float) -> float:
        """The weight, halved with every HALF_LIFE_SECONDS that passed; 0 after TTL_SECONDS."""
        age = max(0.0, now_seconds - self.time_seconds)
        return 0.0 if age > TTL_SECONDS else self.weight * float(0.5 ** (age / HALF_LIFE_SECONDS))


class BoughtProduct(NamedTuple):
    """A product that the visitor bought."""

    product_id: str
    days: int  # number of days on which it was bought
    first_day: int  # since 1970
    last_day: int


@dataclass(frozen=True, slots=True)
class VisitorState:
    """A visitor's recent products (latest first), visit, purchases and cart."""

    recent: tuple[RecentProduct, ...] = ()
    session_id: str = ""
    bought: tuple[BoughtProduct, ...] = ()  # last bought first
    cart: tuple[str, ...] = ()  # product ids, last added first
    bought_days: tuple[int, ...] = ()  # days with a purchase, since 1970, rising

    def weights_at(self, now_seconds: float, session_id: str | None = None) -> dict[str, float]:
        """Product id -> weight of products that still count, latest first.

        With `session_id`, only products of that session.
        """
        mine = [product for product in self.recent if session_id is None or product.session_id == session_id]
        weights = {product.product_id: product.weight_at(now_seconds) for product in mine}
        return {product_id: weight for product_id, weight in weights.items() if weight > 0}


UNKNOWN_VISITOR = VisitorState()


class SeenEvents:
    """Ids of events, and the offset where each was first seen.

    The same id elsewhere is a duplicate.
    """

    def __init__(self, encoded: bytes = b"") -> None:
        # In the stored form, newest last, because most entries are never read
        self._entries = bytearray(encoded)

    def first_offset(self, name: bytes, offset: int) -> int:
        """The offset where the event of that name (8 bytes) was first seen.

        Adds a new event at `offset`.
        """
        if known := self.known_offset(name):
            return known
        self._entries += _SEEN.pack(name, offset)
        return offset

    def known_offset(self, name: bytes) -> int:
        """The offset where the event was first seen; 0 if it was not seen, or is forgotten."""
        at = self._entries.find(name)
        while at % _SEEN.size and at >= 0:  # a chance match across two entries
            at = self._entries.find(name, at + 1)
        return int(_SEEN.unpack_from(self._entries, at)[1]) if at >= 0 else 0

    def encoded(self) -> bytes:
        """The stored form of the newest MAX_SEEN events."""
        newest = self._entries[-MAX_SEEN * _SEEN.size :]
        return _COUNT.pack(len(newest) // _SEEN.size) + newest


def event_name(topic: str, event_id: str) -> bytes:
    """8 bytes that stand for an event of a topic."""
    return hashlib.blake2b(f"{topic}\0{event_id}".encode(), digest_size=8).digest()


class Delivery(Enum):
    """Whether the record of an event is new to a visitor's value."""

    FIRST = "first"  # not applied to this value yet
    REDELIVERED = "redelivered"  # applied to this value, but perhaps not yet to other keys
    # Another record of the same event was applied, or this one had all its effects long ago
    DUPLICATE = "duplicate"


class Visitor:
    """A visitor's decoded value."""

    def __init__(self, value: bytes | None = None) -> None:
        """Decode a stored value; without one, begin as an unknown visitor."""
        self.watermarks = Watermarks(value)
        self.state = state_of(value)
        seen, admitted, interactions, shown, _ = _parts(value) if value else (b"", b"", b"", b"", b"")
        self._seen = SeenEvents(seen)
        self.frequency = Frequency(admitted)
        self.interactions = CountedOnce(interactions)
        self.shown = CountedOnce(shown)

    def receive(self, source: Source, offset: int, name: bytes) -> Delivery:
        """Add the record of an event; `name` is from event_name. Returns its delivery.

        An event below the watermarks that is no longer remembered had all its effects long ago. A
        value remembers far more events than a worker may have applied without committing.
        """
        if self.watermarks.advance(source, offset):
            is_first = self._seen.first_offset(name, offset) == offset
            return Delivery.FIRST if is_first else Delivery.DUPLICATE
        is_known = self._seen.known_offset(name) == offset
        return Delivery.REDELIVERED if is_known else Delivery.DUPLICATE

    def check(self) -> None:
        """Raise ValueError or struct.error if a part that is decoded on demand is invalid."""
        for part in (self.interactions, self.shown):
            counted_once.check(part.encoded())

    def encoded(self) -> bytes:
        """The stored form."""
        state = self.state
        recent = [*map(tuple, state.recent)]  # orjson writes plain tuples only
        bought = [*map(tuple, state.bought)]
        written = orjson.dumps([state.session_id, recent, bought, state.cart, state.bought_days])
        parts = (self.watermarks, self._seen, self.frequency, self.interactions, self.shown)
        return b"".join((*(part.encoded() for part in parts), written))


def state_of(value: bytes | None) -> VisitorState:
    """The state in a value; UNKNOWN_VISITOR if there is no value."""
    if not value:
        return UNKNOWN_VISITOR
    session_id, recent, bought, cart, bought_days = orjson.loads(_parts(value)[-1])
    return VisitorState(
        tuple(map(RecentProduct._make, recent)),
        session_id,
        tuple(map(BoughtProduct._make, bought)),
        tuple(cart),
        tuple(bought_days),
    )


def shown_in(value: bytes | None) -> CountedOnce:
    """The counted names of pages in a value; none if there is no value."""
    return CountedOnce(_parts(value)[3]) if value else CountedOnce()


def _parts(value: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Events seen, frequency, counted names of interactions and of pages, and state."""
    start = watermarks.size(value)
    (count,) = _COUNT.unpack_from(value, start)
    start += _COUNT.size
    admitted = start + count * _SEEN.size
    interactions = admitted + frequency.SIZE
    shown = interactions + counted_once.size_at(value, interactions)
    state = shown + counted_once.size_at(value, shown)
    acted, pages = value[interactions:shown], value[shown:state]
    return value[start:admitted], value[admitted:interactions], acted, pages, value[state:]
