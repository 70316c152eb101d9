"""Rebuild the tables from the start of the log, and replace the existing ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.feedback.join.attribution import SECOND_US, day_of
from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.joiner import name_of
from services.feedback.join.observed import Read
from services.feedback.join.paths import days_in, file_of_day, folder_of_day, ready_beside, settle
from services.feedback.join.staging import FILE
from services.feedback.join.worker import OpenConsumer
from shared import owner_only
from shared.errors import NotFound
from shared.events.file_lock import FileLock
from shared.events.log import Consumer, Record

_POLL_SECONDS = 0.5
_RECORDS_AT_ONCE = 1_000
_NO_DAY = -1


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    record_count: int
    kept_days: int  # of before, which the log does not have any more, or not all of them
    seconds: float


async def rebuild(
    root: Path,
    read: Read,
    config: JoinConfig,
    open_consumer: OpenConsumer,
    quiet_seconds: float = 0.0,
) -> Rebuilt:
    """Join the whole log into a new folder, and put it in the place of ROOT.

    The log has ended when nothing came for `quiet_seconds`. A kill at any moment leaves the old tables or the
    new ones. Raises Unavailable while another process has the folder, NotFound if the log has nothing.
    """
    began = time.monotonic()
    settle(root)
    owner_only.folder(root)
    lock = FileLock(root / f"{FILE}.lock")
    building = root.with_name(f".{root.name}-new")
    shutil.rmtree(building, ignore_errors=True)
    try:
        reach, kept = await _build(building, root, Join(building, read, config), open_consumer, quiet_seconds)
        os.replace(building, ready_beside(root))
        settle(root)
    finally:
        lock.release()
    return Rebuilt(reach.record_count, kept, round(time.monotonic() - began, 2))


async def _build(
    building: Path, root: Path, join: Join, open_consumer: OpenConsumer, quiet_seconds: float
) -> tuple[_Reach, int]:
    try:
        reach = await _read_all(join, await open_consumer(join), quiet_seconds)
        return reach, await asyncio.to_thread(lambda: _finish(join, root, building, reach))
    finally:
        join.close()


@dataclass(slots=True)
class _Reach:
    """What the log has."""

    record_count: int = 0
    partial_day: int = _NO_DAY  # of this day and those before it the log does not have all

    def take(self, records: Sequence[Record], known: set[tuple[str, int]]) -> None:
        """Note records, of which those of places that are not known are the first of them."""
        self.record_count += len(records)
        for record in records:
            place = (record.topic, record.partition)
            if place not in known and record.offset > 1:
                self.partial_day = max(self.partial_day, day_of(int(record.time_seconds * SECOND_US)))
            known.add(place)


async def _read_all(join: Join, consumer: Consumer, quiet_seconds: float) -> _Reach:
    reach = _Reach()
    known: set[tuple[str, int]] = set()
    quiet_from = time.monotonic()
    while True:
        records = await consumer.poll(min(_POLL_SECONDS, quiet_seconds), _RECORDS_AT_ONCE)
        if records:
            await asyncio.to_thread(join.stage, records)
            await consumer.commit(records)
            reach.take(records, known)
            quiet_from = time.monotonic()
        elif time.monotonic() - quiet_from >= quiet_seconds:
            break
    await consumer.close()
    if not reach.record_count:
        raise NotFound("the log has neither pages nor events, so the tables stay as they are")
    return reach


def _finish(join: Join, root: Path, building: Path, reach: _Reach) -> int:
    """Take over the days that the log does not have whole, and export. Returns how many were taken over."""
    kept = [each.isoformat() for each in days_in(root) if each.isoformat() <= _name(reach.partial_day)]
    if kept:
        join.seal(reach.partial_day)
    for name in kept:
        owner_only.folder(folder_of_day(building, name))
        os.link(file_of_day(root, name), file_of_day(building, name))
    join.export()
    return len(kept)


def _name(day: int) -> str:
    return name_of(day) if day != _NO_DAY else ""
