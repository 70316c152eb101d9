"""The keys of one kind in memory, within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

_ENTRY_BYTES = 320  # of Python's objects around a key and its value; a test measures them


@dataclass(slots=True, eq=False)
class Entry:
    """A value in memory, and where it stands."""

    value: bytes
    expires_seconds: float  # since 1970
    shelf: Shelf
    order: OrderedDict[str, Entry]  # least recently used first

    @property
    def acted(self) -> bool:
        """Whether a shopper did something with it, other than being shown a page."""
        return self.order is self.shelf.acted


class Shelf:
    """Keys of one kind; when they take more than `max_bytes`, some are forgotten.

    Those that were only shown go first, then the others; of each, the one that was not used for longest.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.shown: OrderedDict[str, Entry] = OrderedDict()
        self.acted: OrderedDict[str, Entry] = OrderedDict()
        self.held_bytes = 0

    def put(self, key: str, value: bytes, expires_seconds: float, acted: bool) -> Entry:
        """Add a key that is not here, as the one used last."""
        order = self.acted if acted else self.shown
        entry = order[key] = Entry(value, expires_seconds, self, order)
        self.held_bytes += _bytes_of(key, entry)
        return entry

    def remove(self, key: str, entry: Entry) -> None:
        """Take a key off."""
        del entry.order[key]
        self.held_bytes -= _bytes_of(key, entry)

    def forget(self, now_seconds: float) -> Iterator[str]:
        """Forget what has expired and what there is no room for; yields each key once it is gone."""
        for order in (self.shown, self.acted):
            while order:
                key, entry = next(iter(order.items()))
                if entry.expires_seconds > now_seconds and self.held_bytes <= self._max_bytes:
                    break
                self.remove(key, entry)
                yield key


def _bytes_of(key: str, entry: Entry) -> int:
    return _ENTRY_BYTES + len(key) + len(entry.value)
