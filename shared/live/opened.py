"""An open snapshot, as all services of the process hold it, and the changes that it applies."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.events.log import Record
from shared.snapshot.change import Change, from_record

_LOG = logging.getLogger(__name__)


class Live(Protocol):
    """A snapshot that one of the process's services has opened, and that applies changes."""

    @property
    def version(self) -> str: ...

    @property
    def encoder_version(self) -> str: ...

    @property
    def position(self) -> int:
        """The offset in aisle.vectors up to which changes are applied."""

    @property
    def log_position(self) -> int:
        """The offset in aisle.catalog up to which writes are shown.

        0 for a service that shows none.
        """

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply changes, off the event loop. After an error the snapshot must not be used again."""

    def serve(self) -> None:
        """Answer requests with this snapshot from now on."""

    def refresh(self) -> None:
        """Show the changes applied so far."""

    def close(self) -> None:
        """Close the files. Running searches may finish."""


Open = Callable[[str], Live]  # opens a version, off the event loop; raises for faulty files


class CannotApply(Exception):
    """A snapshot is in an unknown state, and must not be used any more."""


@dataclass
class Opened:
    """A snapshot as all services of the process hold it."""

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
        except Exception as error:  # after any error, the services must not use this state
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
            _LOG.error("%s; it is skipped", error)
            yield Change(0, offset=record.offset)
