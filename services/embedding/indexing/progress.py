"""How far indexing has come, for whoever watches: a person's terminal, and the watchdog."""

from typing import Protocol

from shared import watchdog


class IndexProgress(Protocol):
    """Told how far reading (bytes of the file) and encoding (products) have come."""

    def read(self, done: int, total: int, /) -> None: ...

    def encoded(self, done: int, total: int, /) -> None: ...


class Silent:
    """Progress that nobody watches."""

    def read(self, done: int, total: int, /) -> None:
        """Nothing."""

    def encoded(self, done: int, total: int, /) -> None:
        """Nothing."""


class Watched:
    """Progress that the watchdog hears of, too."""

    def __init__(self, watcher: IndexProgress) -> None:
        self._watcher = watcher

    def read(self, done: int, total: int, /) -> None:
        """See IndexProgress."""
        watchdog.progress(f"{done} of {total} bytes of the file read")
        self._watcher.read(done, total)

    def encoded(self, done: int, total: int, /) -> None:
        """See IndexProgress."""
        watchdog.progress(f"{done} of {total} products encoded")
        self._watcher.encoded(done, total)
