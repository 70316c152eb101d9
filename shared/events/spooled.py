"""An event log that accepts events while the log behind it is down."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from shared.errors import Unavailable
from shared.events.log import Appended, Consumer, EventLog, NewRecord, Record
from shared.events.spool import Spool

_LOG = logging.getLogger(__name__)


class SpooledEventLog:
    """EventLog over another one.

    While that log is Unavailable, records of some topics are kept on disk and acknowledged. They
    are appended in order when it is back, and new records queue behind them. Appends to other
    topics are passed on unchanged.
    """

    def __init__(self, log: EventLog, folder: Path, topics: Iterable[str], max_bytes: int) -> None:
        """Take over the records that an earlier process left in the folder.

        Each topic has a file of at most `max_bytes`. Call it in the event loop. Raises Unavailable
        if another process has the folder.
        """
        self._log = log
        self._spools = {topic: Spool(log, topic, folder / f"{topic}.sqlite", max_bytes) for topic in topics}
        for spool in self._spools.values():
            spool.start()

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """See EventLog.

        Offset 0 means that the record is on disk, and gets its position later. StorageFull means
        that the spool is full.
        """
        spool = self._spools.get(topic)
        if spool is None:
            return await self._log.append(topic, records)
        if not spool.holds:
            try:
                return await self._log.append(topic, records)
            except Unavailable as error:
                if not spool.holds:
                    _LOG.warning("records of %s are kept on disk until the log is back: %s", topic, error)
        return await spool.append(records)

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """See EventLog."""
        return await self._log.read(topic, after_offset, limit)

    async def end_offset(self, topic: str) -> int:
        """See EventLog."""
        return await self._log.end_offset(topic)

    async def trimmed_through(self, topic: str) -> int:
        """See EventLog."""
        return await self._log.trimmed_through(topic)

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """See EventLog."""
        return await self._log.wait(topic, after_offset, timeout_seconds)

    @property
    def waiting_for(self) -> str:
        """See EventLog."""
        return self._log.waiting_for

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        """See EventLog."""
        return await self._log.consumer(topics, group)

    def counts(self) -> Mapping[str, int]:
        """The number of records that were kept, and of those replayed and refused.

        The keys are spool.kept, spool.replayed and spool.refused.
        """
        total = sum((spool.counts for spool in self._spools.values()), Counter[str]())
        return {f"spool.{name}": count for name, count in total.items()}

    async def close(self) -> None:
        """See EventLog. Records on disk stay for the next process."""
        await asyncio.gather(*(spool.close() for spool in self._spools.values()))
        await self._log.close()
