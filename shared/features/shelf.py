"""The keys of one kind in memory, within a number of bytes."""

from collections import OrderedDict
from collections.abc import Iterator

# Value, seconds since 1970 at which it expires, and place: the number of the order that it is in. A
# plain tuple of plain values, because the garbage collector looks through objects of classes, and
# pages wait for it.
Entry = tuple[bytes, float, int]
Order = OrderedDict[str, Entry]  # least recently used first

_ENTRY_BYTES = 320  # of Python's objects around a key and its value; a test measures them


class Shelf:
    """Keys of one kind; when they take more than `max_bytes`, some are forgotten.

    Those that were only shown go first, then the others; of each, the one that was not used for
    longest.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.shown: Order = OrderedDict()
        self.acted: Order = OrderedDict()
        self.held_bytes = 0

    def put(self, order: Order, key: str, entry: Entry) -> None:
        """Add a key that is not here to one of the orders, as the one used last."""
        order[key] = entry
        self.held_bytes += _bytes_of(key, entry)

    def remove(self, order: Order, key: str) -> None:
        """Take a key off."""
        self.held_bytes -= _bytes_of(key, order.pop(key))

    def forget(self, now_seconds: float) -> Iterator[str]:
        """Forget what has expired and what there is no room for; yields each key once it is gone."""
        for order in (self.shown, self.acted):
            while order:
                key, (_, expires_seconds, _) = next(iter(order.items()))
                if expires_seconds > now_seconds and self.held_bytes <= self._max_bytes:
                    break
                self.remove(order, key)
                yield key


def _bytes_of(key: str, entry: Entry) -> int:
    return _ENTRY_BYTES + len(key) + len(entry[0])
