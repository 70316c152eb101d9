"""The feature store in the memory of this process."""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress

from shared import clock
from shared.features import watermarks
from shared.features.keys import SEARCH_SECONDS
from shared.features.saved import Saved
from shared.features.scopes import SCOPES
from shared.features.scopes.visitor import VISITOR
from shared.features.shelf import Entry, Shelf
from shared.features.store import Change

MEMORY_BYTES = 256 << 20

_SEARCHES = "search"  # pages without a visitor; the other kinds are the letters of scopes
_SHARES = {**{scope.letter: scope.share for scope in SCOPES}, _SEARCHES: 0.05}
_NUMBERS = {kind: number for number, kind in enumerate(_SHARES)}


class MemoryFeatureStore:
    """FeatureStore in memory, of one generation, within `max_bytes`.

    Each kind of key (product, query, visitor, search without a visitor) has a share of the bytes,
    so that no kind evicts another. Within a kind, keys that were only shown are evicted first. A
    key also expires after its time to live.
    """

    def __init__(
        self,
        max_bytes: int = MEMORY_BYTES,
        now: Callable[[], float] = clock.now,
        generation: str = "",
        steady: Callable[[], float] | None = None,
    ) -> None:
        """Begin empty.

        `now` returns seconds since 1970; so does `steady`, which decides about expiry (see
        SteadyClock).

        `generation` names a generation that outlives the process: the caller restores it, and saves
        its changes.
        """
        self._shelves = [Shelf(int(max_bytes * share)) for share in _SHARES.values()]
        # Two per shelf. An entry's place is 2 x the number of its shelf, plus 1 if a shopper acted.
        self._orders = [order for shelf in self._shelves for order in (shelf.shown, shelf.acted)]
        self._entries: dict[str, Entry] = {}
        self._now = now
        self._steady = steady or now
        self._generation = generation
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held_bytes(self) -> int:
        """The size of all keys and values in bytes, with the Python objects around them."""
        return sum(shelf.held_bytes for shelf in self._shelves)

    async def generation(self) -> str:
        """See FeatureStore."""
        return self._generation

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        found = [self._entries.get(key) for key in keys]
        for key, entry in zip(compress(keys, found), filter(None, found), strict=True):
            self._orders[entry[2]].move_to_end(key)
        return [entry[0] if entry else None for entry in found]

    async def replace(self, changes: Sequence[Change], generation: str = "") -> list[bool]:
        """See FeatureStore."""
        now_seconds = self._now()
        written = [self._replace(change, now_seconds) for change in changes]
        self._make_room()
        return written

    def _replace(self, change: Change, now_seconds: float) -> bool:
        old = self._entries.get(change.key)
        if (old[0][: watermarks.size(old[0])] if old else b"") != change.expected:
            return False
        kind = _SEARCHES if _is_search(change) else change.key[0]
        self._put(kind, change.key, change.value, now_seconds + change.ttl_seconds, change.acted)
        if self._generation and kind != _SEARCHES:
            self._changed.add(change.key)
        return True

    def _put(self, kind: str, key: str, value: bytes, expires_seconds: float, acted: bool) -> None:
        self._remove(key)
        place = 2 * _NUMBERS[kind] + acted
        entry = self._entries[key] = value, expires_seconds, place
        self._shelves[place // 2].put(self._orders[place], key, entry)

    def _remove(self, key: str) -> None:
        if old := self._entries.pop(key, None):
            self._shelves[old[2] // 2].remove(self._orders[old[2]], key)

    def _make_room(self) -> None:
        now_seconds = self._steady()
        for kind, shelf in zip(_SHARES, self._shelves, strict=True):
            for key in shelf.forget(now_seconds):
                del self._entries[key]
                if self._generation and kind != _SEARCHES:
                    self._changed.add(key)

    def restore(self, rows: Iterable[Saved]) -> None:
        """Add saved rows, the least recently changed first."""
        for row in rows:
            self._put(row.key[0], row.key, row.value or b"", row.expires_seconds, row.acted)
        self._make_room()

    def take_changed(self) -> set[str]:
        """The keys that were changed or forgotten since the last call.

        Searches without a visitor are omitted: a log in a file does not redeliver their records.
        """
        changed = self._changed
        self._changed = set()
        return changed

    def current(self, keys: Iterable[str]) -> list[tuple[str, Entry | None]]:
        """The present entry of each key; None if forgotten. See `saved`."""
        return [(key, self._entries.get(key)) for key in keys]

    def put_back(self, keys: Iterable[str]) -> None:
        """Mark keys as changed again, because saving them failed."""
        self._changed.update(keys)

    async def publish(self, generation: str) -> None:
        """See FeatureStore."""

    async def forget(self, generation: str) -> None:
        """See FeatureStore."""
        for key in list(self._entries):
            self._remove(key)

    async def close(self) -> None:
        """See FeatureStore."""


def saved(key: str, entry: Entry | None) -> Saved:
    """A key and its entry in the form to save."""
    if entry is None:
        return Saved(key, None)
    value, expires_seconds, place = entry
    return Saved(key, value, expires_seconds, acted=place % 2 == 1)


def _is_search(change: Change) -> bool:
    """Whether the key is a page without a visitor, or an old page of a visitor who never acted."""
    return change.key[0] == VISITOR.letter and not change.acted and change.ttl_seconds <= SEARCH_SECONDS
