"""Reports the progress of indexing to a terminal and to the watchdog."""

from typing import Protocol

from shared import watchdog


class IndexProgress(Protocol):
    """Receives how much has been read (bytes of the file) and encoded (products)."""

    def read(self, count: int, total: int, /) -> None: ...

    def encoded(self, count: int, total: int, /) -> None: ...


class Silent:
    """Discards progress."""

    def read(self, count: int, total: int, /) -> None:
        """Do nothing."""

    def encoded(self, count: int, total: int, /) -> None:
        """Do nothing."""


class Watched:
    """Passes progress on to the watchdog, too."""

    def __init__(self, watcher: IndexProgress) -> None:
        self._watcher = watcher

    def read(self, count: int, total: int, /) -> None:
        """See IndexProgress."""
        watchdog.progress(f"{count} of {total} bytes of the file read")
        self._watcher.read(count, total)

    def encoded(self, count: int, total: int, /) -> None:
        """See IndexProgress."""
        watchdog.progress(f"{count} of {total} products encoded")
        self._watcher.encoded(count, total)
