"""Features in this process."""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import compress

from shared.features import marks
from shared.features.keys import SEARCH_SECONDS
from shared.features.saved import Saved
from shared.features.shelf import Entry, Shelf
from shared.features.store import Change

MEMORY_BYTES = 256 << 20

_SEARCHES = "search"  # pages shown to nobody known; the other kinds are the first letters of keys (keys.py)
_SHARES = {"p": 0.4, "q": 0.25, "v": 0.3, _SEARCHES: 0.05}


class MemoryFeatureStore:
    """FeatureStore in memory, of one generation, within `max_bytes`.

    Each kind of key (product, query, visitor, search by nobody) has a share of the bytes, so that none pushes another
    out. Within a kind, what was only shown is forgotten first. A key is also forgotten when its time to live is over.
    """

    def __init__(
        self,
        max_bytes: int = MEMORY_BYTES,
        now: Callable[[], float] = time.time,
        generation: str = "",
        steady: Callable[[], float] | None = None,
    ) -> None:
        """Begin empty. `now` gives seconds since 1970; `steady` too, for what is forgotten (see SteadyClock).

        `generation` is the name of one that outlives the process: then somebody restores it, and saves its changes.
        """
        self._shelves = {kind: Shelf(int(max_bytes * share)) for kind, share in _SHARES.items()}
        self._entries: dict[str, Entry] = {}
        self._now, self._steady, self._generation = now, steady or now, generation
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held_bytes(self) -> int:
        """What keys and values take, with Python's objects around them."""
        return sum(shelf.held_bytes for shelf in self._shelves.values())

    async def generation(self) -> str:
        """See FeatureStore."""
        return self._generation

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        found = [self._entries.get(key) for key in keys]
        for key, entry in zip(compress(keys, found), filter(None, found), strict=True):
            entry.order.move_to_end(key)
        return [entry.value if entry else None for entry in found]

    async def replace(self, changes: Sequence[Change], generation: str = "") -> list[bool]:
        """See FeatureStore."""
        now_seconds = self._now()
        written = [self._replace(change, now_seconds) for change in changes]
        self._make_room()
        return written

    def _replace(self, change: Change, now_seconds: float) -> bool:
        old = self._entries.get(change.key)
        if (old.value[: marks.size(old.value)] if old else b"") != change.expected:
            return False
        kind = _SEARCHES if _is_search(change) else change.key[0]
        self._put(kind, change.key, change.value, now_seconds + change.ttl_seconds, change.acted)
        if self._generation and kind != _SEARCHES:
            self._changed.add(change.key)
        return True

    def _put(self, kind: str, key: str, value: bytes, expires_seconds: float, acted: bool) -> None:
        if old := self._entries.get(key):
            old.shelf.remove(key, old)
        self._entries[key] = self._shelves[kind].put(key, value, expires_seconds, acted)

    def _make_room(self) -> None:
        now_seconds = self._steady()
        for kind, shelf in self._shelves.items():
            for gone in shelf.forget(now_seconds):
                del self._entries[gone]
                if self._generation and kind != _SEARCHES:
                    self._changed.add(gone)

    def restore(self, rows: Iterable[Saved]) -> None:
        """Take in what was saved, the least recently changed first."""
        for row in rows:
            self._put(row.key[0], row.key, row.value or b"", row.expires_seconds, row.acted)
        self._make_room()

    def take_changes(self) -> list[tuple[str, Entry | None]]:
        """Keys that have changed since this was last asked, as they are now; None: forgotten. See `saved`.

        Searches by nobody are left out: their records do not come twice from a log in a file.
        """
        changed, self._changed = self._changed, set()
        return [(key, self._entries.get(key)) for key in changed]

    def put_back(self, keys: Iterable[str]) -> None:
        """Note keys whose changes were taken and could not be saved."""
        self._changed.update(keys)

    async def publish(self, generation: str) -> None:
        """See FeatureStore."""

    async def forget(self, generation: str) -> None:
        """See FeatureStore."""
        for key in list(self._entries):
            self._entries[key].shelf.remove(key, self._entries.pop(key))

    async def close(self) -> None:
        """See FeatureStore."""


def saved(key: str, entry: Entry | None) -> Saved:
    """A change as it is saved."""
    return Saved(key, entry.value, entry.expires_seconds, entry.acted) if entry else Saved(key, None)


def _is_search(change: Change) -> bool:
    """Whether the key is a page shown to nobody known, or as little: to a visitor who did nothing, long ago."""
    return change.key[0] == "v" and not change.acted and change.ttl_seconds <= SEARCH_SECONDS
