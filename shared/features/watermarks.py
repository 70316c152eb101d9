"""The highest offset of each partition of the log that was applied to a key of the feature store.

They make sure that each record takes effect once.

A value begins with its watermarks: a count (1 byte), then for each partition its topic (1 byte),
its number (2 bytes) and the highest offset applied (8 bytes), in order. If that is too narrow, the
value begins with a byte of 0, the count has 4 bytes and so has each partition number. Watermarks
grow with every change, so values of a key with the same watermarks are equal.
"""

import struct

from shared.events.log import SEARCH_LOGS, USER_EVENTS

Source = tuple[int, int]  # topic number (below), partition

TOPIC_NUMBERS = {USER_EVENTS: 0, SEARCH_LOGS: 1}  # part of the stored format: never reuse a number
_MARK = struct.Struct("<BHQ")
_MAX_COUNT = 0xFF
_MAX_PARTITION = 0xFFFF
_WIDE = 0  # in place of the count, which is never 0 in a value that is stored
_WIDE_HEAD = struct.Struct("<BI")
_WIDE_MARK = struct.Struct("<BIQ")


class Watermarks:
    """(topic, partition) -> highest offset applied."""

    def __init__(self, value: bytes | None = None) -> None:
        """Decode the watermarks of a value; none without a value."""
        self._offsets: dict[Source, int] = {}
        if value:
            mark, start = (_WIDE_MARK, _WIDE_HEAD.size) if value[0] == _WIDE else (_MARK, 1)
            offsets = mark.iter_unpack(value[start : size(value)])
            self._offsets = {(topic, partition): offset for topic, partition, offset in offsets}

    def advance(self, source: Source, offset: int) -> bool:
        """Move to an offset. Returns False if it was applied before."""
        if offset <= self._offsets.get(source, 0):
            return False
        self._offsets[source] = offset
        return True

    def encoded(self) -> bytes:
        """The stored form."""
        ordered = sorted(self._offsets.items())
        count = len(self._offsets)
        if 0 < count <= _MAX_COUNT and max(partition for _, partition in self._offsets) <= _MAX_PARTITION:
            return bytes([count]) + b"".join(_MARK.pack(*source, offset) for source, offset in ordered)
        packed = b"".join(_WIDE_MARK.pack(*source, offset) for source, offset in ordered)
        return _WIDE_HEAD.pack(_WIDE, count) + packed


def size(value: bytes) -> int:
    """The size in bytes of the watermarks of a value."""
    if value[0] != _WIDE:
        return 1 + _MARK.size * value[0]
    _, count = _WIDE_HEAD.unpack_from(value)
    return _WIDE_HEAD.size + _WIDE_MARK.size * int(count)
