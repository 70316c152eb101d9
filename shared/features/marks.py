"""How far a key of the feature store has taken in each partition of the log: what makes an effect happen once.

A value begins with its marks: a count (1 byte), then for each partition its topic (1 byte), its number (2 bytes) and
the highest offset applied (8 bytes), in order. They grow with every change: values with the same marks are the same.
"""

import struct

from shared.events.log import SEARCH_LOGS, USER_EVENTS

Source = tuple[int, int]  # topic's number below, partition

TOPIC_NUMBERS = {USER_EVENTS: 0, SEARCH_LOGS: 1}  # part of the stored format: never reuse a number
_MARK = struct.Struct("<BHQ")


class Marks:
    """(topic, partition) -> highest offset applied."""

    def __init__(self, value: bytes | None = None) -> None:
        """The marks at the beginning of a value; none of a key that is not there."""
        offsets = _MARK.iter_unpack(value[1 : size(value)]) if value else ()
        self._offsets: dict[Source, int] = {(topic, partition): offset for topic, partition, offset in offsets}

    def advance(self, source: Source, offset: int) -> bool:
        """Take in an offset; False when it had been taken in before."""
        if offset <= self._offsets.get(source, 0):
            return False
        self._offsets[source] = offset
        return True

    def encoded(self) -> bytes:
        """As a value begins with them."""
        marks = (_MARK.pack(*source, offset) for source, offset in sorted(self._offsets.items()))
        return bytes([len(self._offsets)]) + b"".join(marks)


def size(value: bytes) -> int:
    """Bytes of the marks at the beginning of a value."""
    return 1 + _MARK.size * value[0]
