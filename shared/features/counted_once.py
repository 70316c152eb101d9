"""Counts each (day, product, counter) of a visitor once, and once under each query.

The counted names are remembered for some days with the record that they were counted for. So a
redelivered record is decided as it was the first time. A decision depends only on earlier records
of the same topic. So a visitor has one CountedOnce per topic: topics may be read in any order.

The stored form begins with the newest day of the log (2 bytes) and the numbers of records and of
names (4 each). Then follow for each record its offset (8), day (2) and number of names (2). The
names come last, 4 bytes each.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from shared.features.evidence import LATE, REPEATED, TOO_MANY

REMEMBERED_DAYS = 3  # before the newest day of the log; earlier events are too late to count
# Records behind the newest that may be redelivered: twice the most applied but uncommitted records
RECENT_OFFSETS = 1_024

_HEAD = struct.Struct("<HII")
_RECORD = struct.Struct("<QHH")
_SUBJECT = struct.Struct("<HQB")
_NAME_BYTES = 4
_EMPTY = _HEAD.pack(0, 0, 0)

Taken = tuple[int, tuple[int, ...]]  # the day of a record, and the names that were counted for it


class CountedOnce:
    """The counted names by record; each name belongs to one day.

    Decoded at the first use: most values are opened for a record of the other topic.
    """

    def __init__(self, encoded: bytes = b"") -> None:
        """`encoded` is the result of the method `encoded`, or empty."""
        self._encoded = encoded or _EMPTY
        self._is_open = False
        self._newest_day = 0

    def take(
        self, offset: int, days: tuple[int, int], names: Sequence[int], most: int
    ) -> tuple[Sequence[bool], str]:
        """Add a new record.

        Returns which of its names count, and why others do not (empty: all do).

        `days` are the day of the event and the day it was logged; `most` is the limit of names a
        day.
        """
        self._open()
        day, logged_day = days
        self._newest_day = max(self._newest_day, logged_day)
        if day < self._newest_day - REMEMBERED_DAYS:
            return [False] * len(names), LATE
        chosen = [name not in self._names for name in names]
        counted = self._counted.get(day, 0)
        reason = "" if all(chosen) else REPEATED
        if counted + sum(chosen) > most:
            chosen = _first(chosen, most - counted)
            reason = TOO_MANY
        if new := tuple(name for name, is_new in zip(names, chosen, strict=True) if is_new):
            self._counted[day] = counted + len(new)
            self._records[offset] = (day, new)
            self._names.update(new)
        return chosen, reason

    def taken(self, offset: int, names: Sequence[int]) -> Sequence[bool]:
        """Which of a record's names were counted when it was added."""
        self._open()
        _, counted = self._records.get(offset, (0, ()))
        return [name in counted for name in names]

    def has(self, names: Sequence[int]) -> Sequence[bool]:
        """Which names were counted lately."""
        self._open()
        return [name in self._names for name in names]

    def encoded(self) -> bytes:
        """The stored form, without names that are no longer needed."""
        if not self._is_open:
            return self._encoded
        oldest = self._newest_day - REMEMBERED_DAYS
        if any(day < oldest for day in self._counted):
            self._forget(oldest)
        names = [name for _, counted in self._records.values() for name in counted]
        head = _HEAD.pack(self._newest_day, len(self._records), len(names))
        records = [
            _RECORD.pack(offset, day, len(counted)) for offset, (day, counted) in self._records.items()
        ]
        return b"".join((head, *records, struct.pack(f"<{len(names)}I", *names)))

    def _open(self) -> None:
        if self._is_open:
            return
        self._is_open = True
        self._newest_day, record_count, name_count = _HEAD.unpack_from(self._encoded)
        self._records: dict[int, Taken] = {}  # by offset, the newest last
        self._names: set[int] = set()
        self._counted: dict[int, int] = {}  # how many names, by day
        if not record_count:
            return
        end = _HEAD.size + record_count * _RECORD.size
        names = struct.unpack(f"<{name_count}I", self._encoded[end:])
        self._names.update(names)
        start = 0
        for offset, day, size in _RECORD.iter_unpack(self._encoded[_HEAD.size : end]):
            self._records[offset] = (day, names[start : start + size])
            self._counted[day] = self._counted.get(day, 0) + size
            start += size

    def _forget(self, oldest_day: int) -> None:
        """Drop records of days before `oldest_day`, except those that may be redelivered."""
        newest = next(reversed(self._records))
        self._records = {
            offset: (day, names)
            for offset, (day, names) in self._records.items()
            if day >= oldest_day or 0 <= newest - offset < RECENT_OFFSETS
        }


def check(encoded: bytes) -> None:
    """Raise ValueError or struct.error if the stored form is invalid."""
    CountedOnce(encoded).taken(0, ())


def names_of(day: int, query_hash: int, counter: int, product_ids: Sequence[str]) -> list[int]:
    """A number below 2^32 for each product. Two of a visitor's collide 1 in 4 billion times."""
    seed = _seed(day, query_hash, counter)
    return [crc32(product_id.encode(), seed) for product_id in product_ids]


@lru_cache(maxsize=4_096)
def _seed(day: int, query_hash: int, counter: int) -> int:
    subject = _SUBJECT.pack(day, query_hash, counter)
    return int.from_bytes(blake2b(subject, digest_size=4).digest(), "little")


def size_at(value: bytes, start: int) -> int:
    """The size in bytes of the stored form that begins at `start`."""
    _, records, names = _HEAD.unpack_from(value, start)
    return int(_HEAD.size + records * _RECORD.size + names * _NAME_BYTES)


def _first(chosen: Sequence[bool], most: int) -> list[bool]:
    """Keep only the first `most` that are chosen."""
    kept = []
    for one in chosen:
        kept.append(one and most > 0)
        most -= kept[-1]
    return kept
