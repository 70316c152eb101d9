"""Apply the log to one generation of the feature store."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from services.feedback.feature_writer import FeatureWriter
from services.feedback.progress import Progress
from services.feedback.retrying import retrying
from shared.errors import AisleError
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, Consumer, EventLog, Record
from shared.features.observation import Observation
from shared.features.visitor import Delivery

Read = Callable[[Record], Observation]  # raises ValueError if the record is no observation

_LOG = logging.getLogger(__name__)


class Follower:
    """Applies the records of one consumer. Commits a batch once its effects are in the store."""

    def __init__(
        self,
        log: EventLog,
        consumer: Consumer,
        writer: FeatureWriter,
        read: Read,
        progress: Progress,
    ) -> None:
        self._log = log
        self._consumer = consumer
        self._writer = writer
        self._read = read
        self._progress = progress

    async def step(self, timeout_seconds: float, limit: int) -> Sequence[Record]:
        """Apply the next records, at most `limit`. Returns none if none came within the timeout."""
        records = await retrying(lambda: self._consumer.poll(timeout_seconds, limit), self._progress)
        self._progress.stalled = self._log.waiting_for
        observations = [one for record in records if (one := await self._observation(record))]
        if observations:
            await retrying(lambda: self._writer.apply(observations), self._progress)
        if records:
            await self._commit(records)
        self._update_progress(records)
        return records

    async def close(self) -> None:
        """Leave the group. Uncommitted records are delivered again to the next member."""
        await self._consumer.close()

    async def _commit(self, records: Sequence[Record]) -> None:
        try:
            await self._consumer.commit(records)
        except AisleError as error:
            # The next commit covers these records. If redelivered, they change nothing
            _LOG.warning("%d records are applied but not committed: %s", len(records), error)

    async def _observation(self, record: Record) -> Observation | None:
        await self._writer.time_slice.give_way()
        try:
            return self._read(record)
        except ValueError as error:
            await self._bury(record, error)
            return None

    async def _bury(self, record: Record, error: ValueError) -> None:
        """Move an unreadable record to the dead letters, so that later records are not blocked."""
        place = f"{record.topic}:{record.partition}:{record.offset}"
        _LOG.error("%s cannot be read (%s); it is put in %s", place, error, DEAD_LETTERS)
        letter = partial(dead_letters.unusable, record, str(error))
        await retrying(lambda: dead_letters.put(self._log, letter), self._progress)
        self._progress.dead_letter_count += 1

    def _update_progress(self, records: Sequence[Record]) -> None:
        self._progress.newest_seconds = max((record.time_seconds for record in records), default=0.0)
        counts = self._writer.take_counts()
        self._progress.duplicate_count += counts[Delivery.DUPLICATE.value]
        self._progress.applied_count += counts[Delivery.FIRST.value]
        self._progress.left_out.update(self._writer.take_left_out())
