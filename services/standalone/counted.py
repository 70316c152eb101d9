"""The positions of one process's features in its log."""

from collections.abc import Mapping


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
