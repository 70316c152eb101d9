"""Features in this process."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import compress

from shared.features import marks
from shared.features.store import Change

_MAX_KEYS = 300_000  # about 150 MB


class MemoryFeatureStore:
    """FeatureStore in memory, of one generation; beyond `max_keys` the one not used for longest is forgotten.

    It begins empty with the process, and is filled by reading the log from the start.
    """

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._values: OrderedDict[str, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    async def generation(self) -> str:
        """See FeatureStore."""
        return ""

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """See FeatureStore."""
        found = [self._values.get(key) for key in keys]
        for key in compress(keys, found):  # no value is empty
            self._values.move_to_end(key)
        return found

    async def replace(self, changes: Sequence[Change], generation: str = "") -> list[bool]:
        """See FeatureStore."""
        return [self._replace(change) for change in changes]

    def _replace(self, change: Change) -> bool:
        old = self._values.get(change.key, b"")
        if old[: marks.size(old) if old else 0] != change.expected:
            return False
        self._values[change.key] = change.value
        self._values.move_to_end(change.key)
        if len(self._values) > self._max_keys:
            self._values.popitem(last=False)
        return True

    async def publish(self, generation: str) -> None:
        """See FeatureStore."""

    async def forget(self, generation: str) -> None:
        """See FeatureStore."""
        self._values.clear()

    async def close(self) -> None:
        """See FeatureStore."""
