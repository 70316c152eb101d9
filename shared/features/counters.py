"""Counters by day: the value of a product, and the value of a query with counters of its products.

A value has three parts, little-endian:
- its watermarks (watermarks.py);
- the counted names: 4 bytes of length, then ids joined by NUL. None for a product, which is alone
  in its value;
- sorted entries of 8 bytes: day since 1970 (2 bytes; 0: lifetime total), number of the name (1),
  number of the counter (1), count (4).

The state does not depend on the order of events. Days older than the newest by more than KEPT_DAYS
are dropped, no matter when they came.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.features import watermarks
from shared.features.keys import DAY_SECONDS
from shared.features.spec import KEPT_DAYS, SHOWN
from shared.features.watermarks import Source, Watermarks

MAX_NAMES = 200  # products counted for a query; the number of a name has one byte
ALONE = ""  # name of a product in its own value

_LENGTH = struct.Struct("<I")
_ENTRY = struct.Struct("<II")
_MOST = 0xFFFF_FFFF
_DAY_SHIFT = 16
_NAME_SHIFT = 8
_NAME_BITS = 0xFF00
_COUNTER_BITS = 0xFF


@dataclass(frozen=True, slots=True)
class Increment:
    """One record's effect: adds 1 to a counter of each name, on a day."""

    source: Source
    offset: int
    day: int  # since 1970, at least 1
    names: tuple[str, ...]
    counter: int


class Counters:
    """Counts of (name, day, counter), for records up to the watermarks."""

    def __init__(self, value: bytes | None = None) -> None:
        """Decode a stored value; without one, begin empty."""
        self.watermarks = Watermarks(value)
        names, entries = parts(value) if value else ((), b"")
        self._places = {name.decode(): place for place, name in enumerate(names)}
        self._counts: dict[int, int] = dict(_ENTRY.iter_unpack(entries))

    def add(self, increments: Iterable[Increment]) -> bool:
        """Add new increments, in the order of the log. Returns whether there were any."""
        new = [each for each in increments if self.watermarks.advance(each.source, each.offset)]
        for increment in new:
            for name in increment.names:
                # Read _counts again for each name: _place may replace it.
                place = self._place(name) << _NAME_SHIFT | increment.counter
                counts = self._counts
                for key in (place, increment.day << _DAY_SHIFT | place):
                    counts[key] = min(counts.get(key, 0) + 1, _MOST)
        return bool(new)

    @property
    def acted(self) -> bool:
        """Whether a shopper acted on a product, rather than only being shown it."""
        return any(key & _COUNTER_BITS != SHOWN for key in self._counts)

    def _place(self, name: str) -> int:
        if name == ALONE:
            return 0
        if name not in self._places:
            if len(self._places) == MAX_NAMES:
                self._make_room()
            self._places[name] = len(self._places)
        return self._places[name]

    def _make_room(self) -> None:
        """Drop half of the names: those idle for longest and, among equals, with low totals."""
        newest = [0] * len(self._places)
        total = [0] * len(self._places)
        for key, count in self._counts.items():
            place = key >> _NAME_SHIFT & 0xFF
            day = key >> _DAY_SHIFT
            newest[place] = max(newest[place], day)
            total[place] += count if day == 0 else 0
        by_use = sorted(range(len(newest)), key=lambda place: (-newest[place], -total[place]))
        best = set(by_use[: MAX_NAMES // 2])
        self._move({name: place for name, place in self._places.items() if place in best})

    def _order_names(self) -> None:
        """Number the names in sorted order, so that the order of arrival does not matter."""
        if (ordered := sorted(self._places)) != list(self._places):
            self._move({name: self._places[name] for name in ordered})

    def _move(self, places: dict[str, int]) -> None:
        """Keep only these names, renumbered in the order of `places`."""
        moved = {old: new << _NAME_SHIFT for new, old in enumerate(places.values())}
        self._places = {name: place for place, name in enumerate(places)}
        self._counts = {
            key & ~_NAME_BITS | moved[key >> _NAME_SHIFT & 0xFF]: count
            for key, count in self._counts.items()
            if key >> _NAME_SHIFT & 0xFF in moved
        }

    def encoded(self) -> bytes:
        """The stored form."""
        self._order_names()
        kept = sorted(self._counts)
        oldest = max(1, (kept[-1] >> _DAY_SHIFT) - KEPT_DAYS if kept else 1) << _DAY_SHIFT
        del kept[bisect_left(kept, 1 << _DAY_SHIFT) : bisect_left(kept, oldest)]
        entries = [0] * (2 * len(kept))
        entries[::2] = kept
        entries[1::2] = [self._counts[key] for key in kept]
        names = "\0".join(self._places).encode()
        packed = struct.pack(f"<{len(entries)}I", *entries)
        return b"".join((self.watermarks.encoded(), _LENGTH.pack(len(names)), names, packed))


def parts(value: bytes) -> tuple[Sequence[bytes], bytes]:
    """The names and the entries of a value."""
    at = watermarks.size(value) + _LENGTH.size
    (length,) = _LENGTH.unpack_from(value, at - _LENGTH.size)
    names = value[at : at + length]
    return names.split(b"\0") if names else (), value[at + length :]


def check(value: bytes) -> None:
    """Raise ValueError or struct.error if the value is invalid."""
    names, entries = parts(value)
    (length,) = _LENGTH.unpack_from(value, watermarks.size(value))
    if watermarks.size(value) + _LENGTH.size + length > len(value) or len(entries) % _ENTRY.size:
        raise ValueError("it is cut short")
    for name in names:
        name.decode()


def entries_alone(values: Sequence[bytes | None]) -> list[bytes]:
    """The entries of values that have no names; empty for a key without a value."""
    return [value[watermarks.size(value) + _LENGTH.size :] if value else b"" for value in values]


def day_of(time_seconds: float) -> int:
    """The UTC day of a moment, as stored in entries: days since 1970, from 1 to 65535."""
    return min(max(1, int(time_seconds // DAY_SECONDS)), 0xFFFF)
