"""How many interactions of a visitor were admitted in the newest minute and day of the log."""

import struct

_STORED = struct.Struct("<IIII")
SIZE = _STORED.size
_MINUTE_SECONDS = 60
_DAY_SECONDS = 86_400


class Frequency:
    """Counts by log time, which the sender of an event cannot choose."""

    def __init__(self, encoded: bytes = b"") -> None:
        """`encoded` is the result of the method `encoded`, or empty."""
        stored = _STORED.unpack(encoded) if encoded else (0, 0, 0, 0)
        self._minute, self._in_minute, self._day, self._in_day = stored

    def admit(self, logged_seconds: float, most_a_minute: int, most_a_day: int) -> bool:
        """Whether one more is within both limits. Only admitted interactions are counted."""
        minute = max(0, int(logged_seconds // _MINUTE_SECONDS))
        day = max(0, int(logged_seconds // _DAY_SECONDS))
        if minute > self._minute:
            self._minute = minute
            self._in_minute = 0
        if day > self._day:
            self._day = day
            self._in_day = 0
        if self._in_minute >= most_a_minute or self._in_day >= most_a_day:
            return False
        self._in_minute += 1
        self._in_day += 1
        return True

    def encoded(self) -> bytes:
        """The stored form, SIZE bytes."""
        return _STORED.pack(self._minute, self._in_minute, self._day, self._in_day)
