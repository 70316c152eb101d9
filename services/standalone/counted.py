"""The positions of one process's features in its log."""

from collections.abc import Mapping
from typing import Protocol


class Saved(Protocol):
    """A reader of the log."""

    @property
    def saved(self) -> Mapping[str, int]:
        """By topic: the offset up to which it needs no records any more."""
        ...


class Slowest:
    """The smallest saved offsets of several readers."""

    def __init__(self, *readers: Saved) -> None:
        self._readers = readers

    @property
    def saved(self) -> Mapping[str, int]:
        """See Saved."""
        all_saved = [reader.saved for reader in self._readers]
        topics = set().union(*all_saved)
        return {topic: min(each.get(topic, 0) for each in all_saved) for topic in topics}


class Counted:
    """By topic, the offsets up to which records have had their effect in memory, and on disk.

    It is a PositionKeeper.
    """

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.saved: dict[str, int] = {}  # records up to it are no longer needed for counting

    def position(self, topic: str) -> int:
        """See PositionKeeper."""
        return self.offsets.get(topic, 0)

    def commit(self, offsets: Mapping[str, int]) -> None:
        """See PositionKeeper."""
        self.offsets.update(offsets)
