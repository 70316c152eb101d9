"""The writes to the log since the snapshot, so that a catalogue file can be applied after them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from services.embedding.indexing.appending import take_record
from services.embedding.indexing.draft import Draft, Written
from services.embedding.indexing.state import CatalogState
from services.embedding.indexing.tail import Readable, Tail, read_tail
from services.standalone.known_log import KnownLog
from services.standalone.log_acceptance import LOG
from shared.catalog.product import Product
from shared.config import load
from shared.errors import InvalidRequest
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import CATALOG, TOPICS, VECTORS, Record
from shared.events.sqlite_file import SqliteFile
from shared.snapshot.change import Change, to_record
from shared.snapshot.generation import Generation, Positions, current_generation, snapshots_of
from shared.snapshot.log_ends import check_ends

_READ_AT_ONCE = 1_000


def written_since(data: Path) -> Tail | None:
    """The changes since DATA's snapshot, up to the current end of the catalogue's log.

    Returns None without a log.
    """
    return read_catalogue(data)[1]


def read_catalogue(data: Path) -> tuple[Generation | None, Tail | None]:
    """DATA's snapshot, and the changes since. None for a missing one."""
    # The caller may run an event loop of its own
    with ThreadPoolExecutor(1, "log-reader") as thread:
        return thread.submit(lambda: asyncio.run(_catalogue(data))).result()


async def _catalogue(data: Path) -> tuple[Generation | None, Tail | None]:
    known = KnownLog.of(data)
    base = current_generation(data, verify=False)
    async with _log_of(data) as log:
        if log is None:
            check_ends(base.version if base else "", base.positions if base else Positions(), Positions())
        tail = await written_in(log, snapshots_of(data), base) if log else None
        if log is None or isinstance(log, _File):
            known.check(data / LOG, log.log_id if log else "", log.ends() if log else {})
        return base, tail


@asynccontextmanager
async def _log_of(data: Path) -> AsyncIterator[Readable | None]:
    """The log on Kafka, if configured, or the file of the engine in one process, or None."""
    path = data / LOG
    kafka = load(KafkaConfig)
    file = SqliteFile(path) if path.exists() else None
    try:
        if file and kafka.address and file.end_offset(CATALOG):
            remedy = "unset it, or move the file away if its writes are on Kafka too"
            raise InvalidRequest(
                "AISLE_KAFKA_ADDRESS", (f"is set, and {path} has catalogue writes; {remedy}")
            )
        if kafka.address:
            events = KafkaEventLog(kafka)
            try:
                yield events
            finally:
                await events.close()
        else:
            yield _File(file) if file else None
    finally:
        if file:
            file.close()


class _File:
    """The file of a log that an engine may be writing to. It is a Readable."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.log_id = file.log_id()

    def ends(self) -> dict[str, int]:
        """The ends of all topics."""
        return {topic: self._file.end_offset(topic) for topic in TOPICS}

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        return self._file.read(topic, after_offset, limit)

    async def end_offset(self, topic: str) -> int:
        return self._file.end_offset(topic)

    async def trimmed_through(self, topic: str) -> int:
        return self._file.trimmed_through(topic)


async def written_in(log: Readable, folder: Path, base: Generation | None) -> Tail:
    """The tail of aisle.vectors, followed by the catalogue's writes that no indexer has applied
    yet.

    Changes of another lineage do not apply to this snapshot, and some may have been trimmed. In
    both cases all writes since are applied again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start, version = (base.positions, base.version) if base else (Positions(), "")
    check_ends(version, start, Positions(await log.end_offset(CATALOG), await log.end_offset(VECTORS)))
    tail = await read_tail(log, folder, start, version)
    vectors = tail.end.vectors
    lineage = base.lineage if base else ""
    if tail.lineage != lineage or start.vectors < await log.trimmed_through(VECTORS):
        tail = Tail(folder, start, version)
    draft = Draft(CatalogState(base, tail, trusted=True) if base else _NoProducts())
    catalog = tail.end.catalog
    while records := await log.read(CATALOG, catalog, _READ_AT_ONCE):
        reasons = ((record.offset, take_record(draft, record)) for record in records)
        tail.unapplied += [(offset, reason) for offset, reason in reasons if reason]
        catalog = records[-1].offset
    _add(tail, draft, Positions(catalog, vectors))
    return tail


def _add(tail: Tail, draft: Draft, end: Positions) -> None:
    """Add the products of a draft after the tail. No encoder has seen them."""
    for product_id in draft.product_ids:
        product = draft.product(product_id)
        change = Change.of(end.catalog, product) if product else Change(end.catalog, product_id)
        tail.add(Record(end.vectors, product_id, to_record(change).value, time.time()))
    tail.end = end


class _NoProducts(Written):
    """The catalogue before the first snapshot."""

    def product(self, product_id: str) -> Product | None:
        return None

    def variants(self, product_id: str) -> Iterable[str]:
        return ()
