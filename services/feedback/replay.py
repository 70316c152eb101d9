"""Rebuild the feature store from the log while workers keep the old generation up to date."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.feedback.config import FeedbackConfig
from services.feedback.follower import Read
from services.feedback.worker import Worker
from shared.events.log import EventLog
from shared.features.redis import new_generation
from shared.features.store import FeatureStore

_POLL_SECONDS = 0.5
_QUIET_SECONDS = 2.0  # without old records for so long, the end of the log is reached
_FIRST_SECONDS = 15.0  # a consumer group may need so long until its first record
# After so long all workers have seen the new generation and no longer write to the old one
_PARTING_SECONDS = 5.0

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay."""

    generation: str
    replaced: str  # the previous generation
    record_count: int
    applied_count: int
    duplicate_count: int
    seconds: float


async def replay(
    log: EventLog,
    store: FeatureStore,
    read: Read,
    config: FeedbackConfig,
    advance: Advance = lambda count: None,
) -> Replayed:
    """Fill a new generation from the start of the log, publish it, and remove the previous one.

    The new generation has its own consumer group. Once it is published, workers follow the log in
    that group from the last commit of this replay. So no record is lost or counted twice, and a
    replay may be stopped at any moment.
    """
    started = time.time()
    replaced = await store.generation()
    generation = new_generation()
    worker = Worker(log, store, read, config, generation)
    record_count = await _catch_up(worker, started, advance)
    await store.publish(generation)
    await worker.close()
    await asyncio.sleep(_PARTING_SECONDS)
    await store.forget(replaced)
    progress = worker.progress
    counts = (record_count, progress.applied_count, progress.duplicate_count)
    return Replayed(generation, replaced, *counts, round(time.time() - started, 2))


async def _catch_up(worker: Worker, started_seconds: float, advance: Advance) -> int:
    """Apply the log until no records come, or only records newer than the start of the replay.

    Returns the number of records.
    """
    count = 0
    quiet_until = time.monotonic() + _FIRST_SECONDS
    while time.monotonic() < quiet_until:
        records = await worker.step(_POLL_SECONDS)
        count += len(records)
        advance(len(records))
        if any(record.time_seconds < started_seconds for record in records):
            quiet_until = time.monotonic() + _QUIET_SECONDS
    return count
