"""Rebuild the tables from the start of the log, and replace the existing ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from services.feedback.join.attribution import SECOND_US, day_of
from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join, OpenConsumer
from services.feedback.join.joiner import day_named, file_name, name_of
from services.feedback.join.observed import Read
from services.feedback.join.paths import (
    BY_DAY,
    IMPRESSIONS,
    days_in,
    file_of_day,
    folder_of_day,
    ready_beside,
    settle,
)
from services.feedback.join.staging import FILE
from shared import owner_only
from shared.errors import NotFound
from shared.events.file_lock import FileLock
from shared.events.log import Consumer, Record

Result = TypeVar("Result")

# Newer records do not delay the end of catching up
RECENT_SECONDS = 600.0
_POLL_SECONDS = 0.5
_RECORDS_AT_ONCE = 1_000
_NO_DAY = -1


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of a rebuild."""

    record_count: int
    kept_days: int  # of impressions, kept because the log no longer has all their records
    seconds: float


class Rebuild:
    """Joins the whole log into a new folder, and replaces `root` by it.

    A kill at any moment leaves either the old tables or the new ones.
    """

    def __init__(
        self,
        root: Path,
        read: Read,
        config: JoinConfig,
        open_consumer: OpenConsumer,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """`pause` is called after each record; see Joiner."""
        self._root = root
        self._read = read
        self._config = config
        self._open_consumer = open_consumer
        self._pause = pause
        self._building = root.with_name(f".{root.name}-new")
        self._join: Join | None = None

    async def run(self, thread: Executor, quiet_seconds: float = 0.0) -> Rebuilt:
        """SQLite and Parquet work runs in `thread`, which has one worker.

        When cancelled, work already begun in the thread ends before the folder is released.
        `quiet_seconds`: see `_read_all`. Raises Unavailable while another process has the folder,
        NotFound if the log has no records.
        """
        began = time.monotonic()
        settle(self._root)
        owner_only.folder(self._root)
        lock = FileLock(self._root / f"{FILE}.lock")
        try:
            shutil.rmtree(self._building, ignore_errors=True)
            reach, kept = await self._build(thread, quiet_seconds)
            os.replace(self._building, ready_beside(self._root))
            settle(self._root)
        finally:
            thread.submit(lock.release)
        return Rebuilt(reach.record_count, kept, round(time.monotonic() - began, 2))

    async def _build(self, thread: Executor, quiet_seconds: float) -> tuple[_Reach, int]:
        try:
            join = await _in(thread, self._open)
            consumer = await self._open_consumer(join)
            try:
                reach = await _read_all(join, consumer, thread, quiet_seconds)
            finally:
                await consumer.close()
            kept = await _in(thread, lambda: _finish(join, self._root, self._building, reach))
        finally:
            closed = thread.submit(self._close)
        await asyncio.wrap_future(closed)
        return reach, kept

    def _open(self) -> Join:
        self._join = Join(self._building, self._read, self._config, self._pause)
        return self._join

    def _close(self) -> None:
        if self._join:
            self._join.close()


async def rebuild(root: Path, read: Read, config: JoinConfig, open_consumer: OpenConsumer) -> Rebuilt:
    """Rebuild in a new thread. The log has ended once a poll without waiting gives no records."""
    with ThreadPoolExecutor(1, "rebuild") as thread:
        return await Rebuild(root, read, config, open_consumer).run(thread)


async def _in(thread: Executor, do: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(thread, do)


@dataclass(slots=True)
class _Reach:
    """How many records the log has, and up to which day it is incomplete."""

    record_count: int = 0
    partial_day: int = _NO_DAY  # the log lacks records of this day and earlier ones

    def take(self, records: Sequence[Record], known: set[tuple[str, int]]) -> None:
        """Count records.

        The first record of a partition not in `known` shows whether it was trimmed.
        """
        self.record_count += len(records)
        for record in records:
            place = (record.topic, record.partition)
            if place not in known and record.offset > 1:
                self.partial_day = max(self.partial_day, day_of(int(record.time_seconds * SECOND_US)))
            known.add(place)


async def _read_all(join: Join, consumer: Consumer, thread: Executor, quiet_seconds: float) -> _Reach:
    """Stage the whole log. It has ended after `quiet_seconds` without any but recent records.

    With 0 it has ended as soon as no records come.
    """
    reach = _Reach()
    known: set[tuple[str, int]] = set()
    quiet_from = time.monotonic()
    while True:
        records = await consumer.poll(min(_POLL_SECONDS, quiet_seconds), _RECORDS_AT_ONCE)
        if records:
            await _in(thread, partial(join.stage, records))
            await consumer.commit(records)
            reach.take(records, known)
        if any(record.time_seconds < time.time() - RECENT_SECONDS for record in records):
            quiet_from = time.monotonic()
        if time.monotonic() - quiet_from >= quiet_seconds and (quiet_seconds or not records):
            break
    if not reach.record_count:
        raise NotFound("the log has neither pages nor events, so the tables are unchanged")
    return reach


def _finish(join: Join, root: Path, building: Path, reach: _Reach) -> int:
    """Keep the old tables of days that the log lacks records of, and export the others.

    Returns the number of days of impressions that were kept.
    """
    days = [(table, day) for table in BY_DAY for day in _days(root, table)]
    kept = [(table, day) for table, day in days if day <= reach.partial_day]
    for table, day in kept:
        name = name_of(day)
        owner_only.folder(folder_of_day(building, name, table))
        os.link(file_of_day(root, name, table), file_of_day(building, name, table))
    join.keep(file_name(table, day) for table, day in kept)
    join.export()
    if kept:
        join.seal(reach.partial_day)
    return sum(table == IMPRESSIONS for table, _ in kept)


def _days(root: Path, table: str) -> list[int]:
    return [day_named(each.isoformat()) for each in days_in(root, table)]
