"""What of a visitor has been counted: each (day, product, counter) once, and once under each query.

It is remembered for some days, with the record that it was counted for, so that a record that comes
again is decided as it was the first time. A decision depends on the earlier records of the topic
alone, so a visitor has one of these for each topic: the topics come in any order.

Stored as the newest day of the log (2 bytes), the numbers of records and of names (4 each), for each
record its offset (8), day (2) and number of names (2), then the names, 4 bytes each.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from shared.features.evidence import LATE, REPEATED, TOO_MANY

REMEMBERED_DAYS = 3  # before the newest of the log: what happened earlier is too late to count
# Records behind the newest that may come again: twice what a worker may have applied and not committed
RECENT_OFFSETS = 1_024

_HEAD = struct.Struct("<HII")
_RECORD = struct.Struct("<QHH")
_SUBJECT = struct.Struct("<HQB")
_NAME_BYTES = 4
_NOTHING = _HEAD.pack(0, 0, 0)

Taken = tuple[int, tuple[int, ...]]  # the day of a record, and the names that were counted for it


class CountedOnce:
    """Names of what has been counted, by record; each name is of one day.

    Opened at the first use: most values are opened for a record of the other topic.
    """

    def __init__(self, encoded: bytes = b"") -> None:
        """As `encoded` gave it."""
        self._encoded = encoded or _NOTHING
        self._is_open = False
        self._newest_day = 0

    def take(
        self, offset: int, days: tuple[int, int], names: Sequence[int], most: int
    ) -> tuple[Sequence[bool], str]:
        """Take in a new record; which of its names count, and why others do not (empty: all do).

        `days` are the one on which it happened and the one on which it was logged; `most` is how
        many names of a day count.
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
        """Which of a record's names were counted when it was taken in."""
        self._open()
        _, counted = self._records.get(offset, (0, ()))
        return [name in counted for name in names]

    def encoded(self) -> bytes:
        """Without what is of no use any more."""
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
        """Drop days that are past, but not of records that may come again."""
        newest = next(reversed(self._records))
        self._records = {
            offset: (day, names)
            for offset, (day, names) in self._records.items()
            if day >= oldest_day or 0 <= newest - offset < RECENT_OFFSETS
        }


def check(encoded: bytes) -> None:
    """Raise ValueError or struct.error for what nobody can have stored."""
    CountedOnce(encoded).taken(0, ())


def names_of(day: int, query_hash: int, counter: int, product_ids: Sequence[str]) -> list[int]:
    """A number below 2^32 for each product; two of a visitor's are the same 1 in 4 billion times."""
    seed = _seed(day, query_hash, counter)
    return [crc32(product_id.encode(), seed) for product_id in product_ids]


@lru_cache(maxsize=4_096)
def _seed(day: int, query_hash: int, counter: int) -> int:
    subject = _SUBJECT.pack(day, query_hash, counter)
    return int.from_bytes(blake2b(subject, digest_size=4).digest(), "little")


def size_at(value: bytes, start: int) -> int:
    """Bytes of what is stored at a place of a value."""
    _, records, names = _HEAD.unpack_from(value, start)
    return int(_HEAD.size + records * _RECORD.size + names * _NAME_BYTES)


def _first(chosen: Sequence[bool], most: int) -> list[bool]:
    """The first `most` of those that are chosen."""
    kept = []
    for one in chosen:
        kept.append(one and most > 0)
        most -= kept[-1]
    return kept
