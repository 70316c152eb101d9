"""The readers of one compacted topic."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.reader import KafkaReader

_MOST = 2  # a replica that serves one snapshot may be opening the next


class KafkaReaders:
    """One reader for each position that is read at the same time.

    A single reader would have to seek back and forth, and lose its pending fetch each time.
    """

    def __init__(self, config: KafkaConfig, topic: str, end_offset: Callable[[], Awaitable[int]]) -> None:
        self._config = config
        self._topic = topic
        self._end_offset = end_offset
        self._readers: list[KafkaReader] = []  # most recently used last

    def at(self, after_offset: int) -> KafkaReader:
        """The reader that continues after an offset.

        Otherwise a new one, or the least recently used one.
        """
        found = next((each for each in self._readers if each.after == after_offset), None)
        if found is None and len(self._readers) < _MOST:
            found = KafkaReader(self._config, self._topic, self._end_offset)
        found = found or self._readers[0]
        self._readers = [*(each for each in self._readers if each is not found), found]
        return found

    @property
    def waiting_for(self) -> str:
        """The fault that keeps the most recently used reader waiting. Empty if it works."""
        return self._readers[-1].waiting_for if self._readers else ""

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in self._readers))
