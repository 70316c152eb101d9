"""The part of aisle.vectors after a snapshot: the newest change of each product, kept on disk."""

from __future__ import annotations

import logging
import os
import tempfile
import time
import weakref
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import NamedTuple, Protocol

from shared.events.log import VECTORS, Record
from shared.snapshot.change import NOTHING, Change, from_record
from shared.snapshot.generation import Positions

_LOG = logging.getLogger(__name__)

_READ_AT_ONCE = 1_000


class _Place(NamedTuple):
    """The position of a product's record in the file, and its offset in the log."""

    start: int
    size: int
    offset: int


class Tail:
    """Changes after `start`, up to `end`.

    Memory holds some numbers a product, an unnamed file the rest.
    """

    def __init__(self, folder: Path, start: Positions, version: str = "") -> None:
        """The file is made in `folder`, and is removed when the process ends.

        `version` names the snapshot before it.
        """
        self.start = self.end = start
        self.version = version
        self.unapplied: list[
            tuple[int, str]
        ] = []  # offsets in aisle.catalog of writes that could not be applied, with the reasons
        self.is_whole = True  # whether every record could be read
        self.lineage = ""  # of the newest change that names one
        self._file = _UnnamedFile(folder)
        self._size = 0
        self.began_seconds = time.time()  # when the first change was written
        self._places: dict[str, _Place] = {}
        # Of a primary product, at some time since the snapshot
        self._variants: dict[str, set[str]] = {}

    @property
    def descriptor(self) -> int:
        """The descriptor of the file. A process that inherits it can read a pickled tail."""
        return self._file.descriptor

    @property
    def has_changes(self) -> bool:
        """Whether some product differs from the snapshot."""
        return bool(self._places)

    @property
    def record_count(self) -> int:
        """The number of log records that a snapshot must apply, including replaced ones."""
        return self.end.vectors - self.start.vectors

    def add(self, record: Record) -> None:
        """Add the next record.

        An unreadable record is skipped, and sets `is_whole` to False.
        """
        try:
            change = from_record(record)
        except ValueError as error:
            _LOG.error("%s; it is skipped, and aisle.catalog is read again", error)
            change = Change(0)
            self.is_whole = False
        if change.product_id != NOTHING:
            if not self._places:
                self.began_seconds = record.time_seconds
            value = record.value or b""
            os.pwrite(self._file.descriptor, value, self._size)
            self._places[change.product_id] = _Place(self._size, len(value), record.offset)
            self._size += len(value)
            if change.product is not None and change.product.primary_product_id:
                self._variants.setdefault(change.product.primary_product_id, set()).add(change.product_id)
        if change.lineage is not None:
            self.lineage = change.lineage
        self.end = Positions(max(self.end.catalog, change.catalog_offset), record.offset)

    def read_catalog_again(self) -> None:
        """Return to the snapshot's position in aisle.catalog, which has every write.

        Some changes are missing. They were trimmed from aisle.vectors when a newer snapshot
        contained them, or could not be read.
        """
        self.end = Positions(self.start.catalog, self.end.vectors)

    def get(self, product_id: str) -> Change | None:
        """The newest change of a product. Returns None if there is none."""
        place = self._places.get(product_id)
        if place is None:
            return None
        value = os.pread(self._file.descriptor, place.size, place.start)
        return from_record(Record(place.offset, product_id, value, 0.0))

    def variants(self, product_id: str) -> set[str]:
        """The products that have been variants of a primary product since the snapshot."""
        return self._variants.get(product_id, set())

    @property
    def product_ids(self) -> list[str]:
        """The products that have changed."""
        return list(self._places)

    def changes(self) -> Iterator[Change]:
        """The newest change of every product."""
        for product_id in self._places:
            change = self.get(product_id)
            assert change is not None
            yield change

    def frozen(self) -> Tail:
        """A copy for another thread. It must not be added to."""
        frozen = copy(self)
        frozen._places = dict(self._places)
        frozen._variants = {}
        return frozen


class _UnnamedFile:
    """A file without a name. It is open as long as this object is referenced."""

    def __init__(self, folder: Path) -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)


class Readable(Protocol):
    """A log that is only read."""

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]: ...

    async def end_offset(self, topic: str) -> int: ...

    async def trimmed_through(self, topic: str) -> int: ...


async def read_tail(events: Readable, folder: Path, start: Positions, version: str = "") -> Tail:
    """All changes after the positions of a snapshot."""
    tail = Tail(folder, start, version)
    while records := await events.read(VECTORS, tail.end.vectors, _READ_AT_ONCE):
        for record in records:
            tail.add(record)
    if start.vectors < await events.trimmed_through(VECTORS) or not tail.is_whole:
        tail.read_catalog_again()
    return tail
