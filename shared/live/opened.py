"""A snapshot that is open, as all services of the process have it, and what it takes in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.events.log import Record
from shared.snapshot.change import Change, from_record

_LOG = logging.getLogger(__name__)


class Live(Protocol):
    """A snapshot that one of the process's services has opened, and that takes in what is written."""

    @property
    def version(self) -> str: ...

    @property
    def encoder_version(self) -> str: ...

    @property
    def position(self) -> int:
        """Offset in aisle.vectors that it contains."""

    @property
    def log_position(self) -> int:
        """Offset in aisle.catalog up to which it shows writes; 0 for a service that shows none."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes in, off the event loop; after an error it is not to be used again."""

    def serve(self) -> None:
        """Answer with it from now on."""

    def refresh(self) -> None:
        """Show what it has taken in since."""

    def close(self) -> None:
        """Let go of what it has on the disk; searches in flight may finish."""


Open = Callable[[str], Live]  # by version, off the event loop; raises what is wrong with the files


class CannotApply(Exception):
    """A snapshot is in an unknown state, and no longer to be used."""


@dataclass
class Opened:
    """One snapshot as all services of the process have it."""

    lives: Sequence[Live]
    position: int

    @property
    def encoder_version(self) -> str:
        return self.lives[0].encoder_version

    @property
    def log_position(self) -> int:
        """See Live."""
        return max(live.log_position for live in self.lives)

    def apply(self, records: Sequence[Record]) -> None:
        changes = list(_changes(records))
        try:
            for live in self.lives:
                live.apply(changes)
        except Exception as error:  # whatever it is, what is served must not follow it
            raise CannotApply(f"{type(error).__name__}: {error}") from error
        self.position = records[-1].offset

    def refresh(self) -> None:
        for live in self.lives:
            live.refresh()

    def close(self) -> None:
        for live in self.lives:
            live.close()


def _changes(records: Sequence[Record]) -> Iterator[Change]:
    for record in records:
        try:
            yield from_record(record)
        except ValueError as error:
            _LOG.error("%s; it is passed over", error)
            yield Change(0, offset=record.offset)
