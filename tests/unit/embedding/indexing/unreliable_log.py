"""Logs that refuse some records, or report an error after appending."""

from shared.errors import Unavailable
from shared.events.log import VECTORS, Appended, EventLog, NewRecord, RecordsRefused


class FlakyLog:
    """Appends to the vectors' topic, and reports an error."""

    def __init__(self, log: EventLog) -> None:
        self._log, self.failures = log, 0
        self.read, self.wait, self.end_offset = log.read, log.wait, log.end_offset
        self.trimmed_through = log.trimmed_through

    async def append(self, topic: str, records: list[NewRecord]) -> list[Appended]:
        appended = await self._log.append(topic, records)
        if topic == VECTORS and self.failures:
            self.failures -= 1
            raise Unavailable("the answer was lost")
        return appended


class PickyLog(FlakyLog):
    """Refuses records with a word in their value, as Kafka refuses large ones."""

    refused = ""

    async def append(self, topic: str, records: list[NewRecord]) -> list[Appended]:
        outcomes: list[Appended | str] = []
        for record in records:
            if topic == VECTORS and self.refused and self.refused.encode() in (record.value or b""):
                outcomes.append("is too large")
            else:
                outcomes += await self._log.append(topic, [record])
        if "is too large" in outcomes:
            raise RecordsRefused("p", "is too large", outcomes)
        return [outcome for outcome in outcomes if isinstance(outcome, Appended)]
