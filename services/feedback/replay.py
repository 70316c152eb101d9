"""Rebuild the feature store from the log while a worker goes on with the old one."""

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
_QUIET_SECONDS = 2.0  # the end of the log has been reached when nothing old came for so long
_FIRST_SECONDS = 15.0  # what a consumer group may need until its first record comes
# In which all workers have seen the new generation, and write to the old one no more
_PARTING_SECONDS = 5.0

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did."""

    generation: str
    replaced: str  # the generation before
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
    """Fill a new generation from the start of the log, publish it, and forget the one before.

    The new generation has a consumer group of its own. Once it is published workers follow it in
    that group, from where this has committed: nothing is lost or told twice in between, and
    stopping at any moment harms nothing.
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
    """Apply the log until only records come that are newer than the start, or none.

    How many there were.
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
