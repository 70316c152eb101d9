"""The keys of one kind in memory, within a limit of bytes."""

from collections import OrderedDict
from collections.abc import Iterator

# Value, time of expiry in seconds since 1970, and place: the number of its order. A plain tuple of
# plain values, because the garbage collector traverses objects of classes while pages wait.
Entry = tuple[bytes, float, int]
Order = OrderedDict[str, Entry]  # least recently used first

_ENTRY_BYTES = 320  # of Python's objects around a key and its value; a test measures them


class Shelf:
    """Keys of one kind. Above `max_bytes`, some are forgotten.

    Keys that were only shown go first, then the others; of each, the least recently used.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.shown: Order = OrderedDict()
        self.acted: Order = OrderedDict()
        self.held_bytes = 0

    def put(self, order: Order, key: str, entry: Entry) -> None:
        """Add a new key to one of the orders, as the most recently used."""
        order[key] = entry
        self.held_bytes += _bytes_of(key, entry)

    def remove(self, order: Order, key: str) -> None:
        """Remove a key."""
        self.held_bytes -= _bytes_of(key, order.pop(key))

    def forget(self, now_seconds: float) -> Iterator[str]:
        """Remove expired keys and those beyond `max_bytes`. Yields each key after its removal."""
        for order in (self.shown, self.acted):
            while order:
                key, (_, expires_seconds, _) = next(iter(order.items()))
                if expires_seconds > now_seconds and self.held_bytes <= self._max_bytes:
                    break
                self.remove(order, key)
                yield key


def _bytes_of(key: str, entry: Entry) -> int:
    return _ENTRY_BYTES + len(key) + len(entry[0])
