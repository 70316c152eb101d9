"""Records on their way to the log, which pages do not wait for."""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable

from shared.errors import AisleError
from shared.events.log import EventLog, NewRecord

_logger = logging.getLogger(__name__)
_BATCH = 500
_LINGER_SECONDS = 0.02  # lets the records of several pages share one append
_RETRY_SECONDS = 1.0


class Spool:
    """Takes records at once and appends them in the background, in order.

    While the log does not take them they are kept, up to `max_records`; then the oldest is dropped, and counted.
    """

    def __init__(self, log: EventLog, topic: str, max_records: int) -> None:
        self._log, self._topic, self._max_records = log, topic, max_records
        self._records: deque[Callable[[], NewRecord]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()  # appended, dropped, failed_appends

    def __len__(self) -> int:
        return len(self._records)

    def put(self, record: Callable[[], NewRecord]) -> None:
        """Take a record; it is made when its turn comes, off the page's path."""
        if len(self._records) >= self._max_records:
            self._records.popleft()
            self.counts["dropped"] += 1
        self._records.append(record)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._records:
            await asyncio.sleep(_LINGER_SECONDS if await self._append() else _RETRY_SECONDS)

    async def _append(self) -> bool:
        """Append the oldest records; False when the log did not take them, and they are still here."""
        makers = [self._records.popleft() for _ in range(min(_BATCH, len(self._records)))]
        try:
            await self._log.append(self._topic, await _made(makers))
        except BaseException as error:
            self._records.extendleft(reversed(makers))
            if not isinstance(error, AisleError):
                raise
            self.counts["failed_appends"] += 1
            _logger.warning("%d records of %s are held back: %s", len(self._records), self._topic, error)
            return False
        self.counts["appended"] += len(makers)
        return True

    async def close(self) -> None:
        """Append what is left, as far as the log takes it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while self._records and await self._append():
            pass


async def _made(makers: list[Callable[[], NewRecord]]) -> list[NewRecord]:
    records = []
    for make in makers:
        records.append(make())
        await asyncio.sleep(0)  # pages go first
    return records
