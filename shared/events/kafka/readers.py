"""The readers of one compacted topic."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.reader import KafkaReader

_MOST = 2  # a replica that serves one snapshot may be opening the next


class KafkaReaders:
    """As many as there are places that are read from at the same time.

    One reader would do, but it would be sent to and fro, and each time wait for the answer from the
    place before.
    """

    def __init__(self, config: KafkaConfig, topic: str, end_offset: Callable[[], Awaitable[int]]) -> None:
        self._config = config
        self._topic = topic
        self._end_offset = end_offset
        self._readers: list[KafkaReader] = []  # the one used last is last

    def at(self, after_offset: int) -> KafkaReader:
        """The reader that goes on after an offset.

        Else a new one, or the one that was not used for longest.
        """
        found = next((each for each in self._readers if each.after == after_offset), None)
        if found is None and len(self._readers) < _MOST:
            found = KafkaReader(self._config, self._topic, self._end_offset)
        found = found or self._readers[0]
        self._readers = [*(each for each in self._readers if each is not found), found]
        return found

    @property
    def waiting_for(self) -> str:
        """What the reader used last waits for and should not have to; empty when all is well."""
        return self._readers[-1].waiting_for if self._readers else ""

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in self._readers))
