"""Keep the feature store: follow the log for whichever generation is current."""

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
    """Applies each record once, whatever comes again or goes away in between.

    It follows the log in the consumer group of the store's generation, and goes over to another
    generation when one is published. A store that has lost everything has no generation: one is
    begun, its group has read nothing, and so the store rebuilds itself.
    """

    def __init__(
        self,
        log: EventLog,
        store: FeatureStore,
        read: Read,
        config: FeedbackConfig | None = None,
        generation: str | None = None,
    ) -> None:
        """`generation` None: the one that readers see, whichever that is; a name.

        That one, which nobody sees yet.
        """
        self._log = log
        self._store = store
        self._read = read
        self._generation = generation
        self._config = config or FeedbackConfig()
        self.time_slice = TimeSlice()  # when the event loop is given back while records are applied
        self._follower: Follower | None = None
        self.progress = Progress()
        self.ready = asyncio.Event()  # set once it follows

    async def run(self) -> None:
        """Follow the log until cancelled.

        What is down is waited for, and so is an error, whatever it is.
        """
        while True:
            try:
                await self.step(_POLL_SECONDS)
            except Exception:  # none may end the following
                _LOG.exception("a defect; following the log again from the last commit")
                await self.close()
                await asyncio.sleep(_AFTER_DEFECT_SECONDS)

    async def catch_up(self) -> None:
        """Apply everything that is in the log now."""
        while records := await self.step(0.0):
            progress(f"counting what shoppers did, up to {records[-1].topic} {records[-1].offset}")

    async def close(self) -> None:
        """Leave the group."""
        if self._follower:
            with suppress(AisleError):
                await self._follower.close()
        self._follower = None

    async def step(self, timeout_seconds: float) -> Sequence[Record]:
        """Apply the next records of the log; none when the time has passed without one."""
        generation = self._generation
        if generation is None:
            generation = await retrying(self._store.generation, self.progress)
        if self._follower and self.progress.generation != generation:
            _LOG.info(
                "generation %s of the feature store follows on %s",
                generation,
                self.progress.generation,
            )
            await self.close()
        if self._follower is None:
            self._follower = await self._open(generation)
            self.ready.set()
        records = await self._follower.step(timeout_seconds, self._config.batch_records)
        await asyncio.sleep(0)  # in one process with the pages, those go first
        return records

    async def _open(self, generation: str) -> Follower:
        """A generation without a name is one that begins with this process.

        Its log is read from the start.
        """
        group = f"{self._config.group}-{generation}" if generation else ""
        consumer = await retrying(lambda: self._log.consumer(CO_PARTITIONED, group), self.progress)
        self.progress.generation = generation
        writer = FeatureWriter(self._store, generation, self.time_slice, self._config.limits)
        return Follower(self._log, consumer, writer, self._read, self.progress)
