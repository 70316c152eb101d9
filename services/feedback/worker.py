"""Keeps the feature store up to date: follows the log for the current generation."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from services.feedback.config import FeedbackConfig
from services.feedback.feature_writer import FeatureWriter
from services.feedback.follower import Follower, Read
from services.feedback.progress import Progress
from services.feedback.retrying import retrying
from shared.errors import AisleError
from shared.events.log import CO_PARTITIONED, EventLog, Record
from shared.features.store import FeatureStore
from shared.time_slice import TimeSlice
from shared.watchdog import progress

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_AFTER_DEFECT_SECONDS = 2.0


class Worker:
    """Applies each record once, despite redeliveries and servers that are down.

    It follows the log in the consumer group of the feature generation, and switches to another
    generation once it is published. A store that lost all its data has no generation. Then a new
    one begins, whose group has read nothing, and so the store is rebuilt from the log.
    """

    def __init__(
        self,
        log: EventLog,
        store: FeatureStore,
        read: Read,
        config: FeedbackConfig | None = None,
        generation: str | None = None,
    ) -> None:
        """`generation` None: the published one. A name: that one, which readers do not see yet."""
        self._log = log
        self._store = store
        self._read = read
        self._generation = generation
        self._config = config or FeedbackConfig()
        self.time_slice = TimeSlice()  # when to yield to the event loop while records are applied
        self._follower: Follower | None = None
        self.progress = Progress()
        self.ready = asyncio.Event()  # set once it follows the log

    async def run(self) -> None:
        """Follow the log until cancelled.

        Waits for servers that are down, and retries after any error.
        """
        while True:
            try:
                await self.step(_POLL_SECONDS)
            except Exception:  # keep following after any error
                _LOG.exception("unexpected error; following the log again from the last commit")
                await self.close()
                await asyncio.sleep(_AFTER_DEFECT_SECONDS)

    async def catch_up(self) -> None:
        """Apply all records that are in the log now."""
        while records := await self.step(0.0):
            progress(f"counting what shoppers did, up to {records[-1].topic} {records[-1].offset}")

    async def close(self) -> None:
        """Leave the group."""
        if self._follower:
            with suppress(AisleError):
                await self._follower.close()
        self._follower = None

    async def step(self, timeout_seconds: float) -> Sequence[Record]:
        """Apply the next records of the log. Returns none if none came within the timeout."""
        generation = self._generation
        if generation is None:
            generation = await retrying(self._store.generation, self.progress)
        if self._follower and self.progress.generation != generation:
            _LOG.info(
                "switching from generation %s of the feature store to %s",
                self.progress.generation,
                generation,
            )
            await self.close()
        if self._follower is None:
            self._follower = await self._open(generation)
            self.ready.set()
        records = await self._follower.step(timeout_seconds, self._config.batch_records)
        await asyncio.sleep(0)  # if the process also serves pages, they go first
        return records

    async def _open(self, generation: str) -> Follower:
        """Open the log.

        A generation without a name begins with this process: read from the start.
        """
        group = f"{self._config.group}-{generation}" if generation else ""
        consumer = await retrying(lambda: self._log.consumer(CO_PARTITIONED, group), self.progress)
        self.progress.generation = generation
        writer = FeatureWriter(self._store, generation, self.time_slice, self._config.limits)
        return Follower(self._log, consumer, writer, self._read, self.progress)
