"""The event_ids of recent appends."""

from dataclasses import dataclass, replace

from shared.errors import Unavailable
from shared.events.kafka.batch import KafkaBatch
from shared.events.kafka.client import TOO_LARGE
from shared.events.log import Appended


@dataclass(frozen=True, slots=True)
class Place:
    """A record's place in a batch that is sent or being sent."""

    batch: KafkaBatch
    index: int
    duplicate: bool = False

    @property
    def lost(self) -> bool:
        """Whether the batch has ended and the record is not known to be written."""
        return self.batch.ended.done() and self.batch.outcomes[self.index] is None

    @property
    def _is_large(self) -> bool:
        return isinstance(self.batch.refusals[self.index], TOO_LARGE)

    def outcome(self) -> Appended | str:
        """The record's position, or the reason for Kafka's refusal, once its batch has ended.

        Raises the error that kept it from Kafka.
        """
        if self.index in self.batch.refusals:
            remedy = (
                ("make it smaller, or raise max.message.bytes") if self._is_large else "look at the settings"
            )
            return f"is refused by Kafka ({self.batch.refusals[self.index]}); {remedy} of {self.batch.topic}"
        outcome = self.batch.outcomes[self.index]
        if outcome is None:
            raise self.batch.error or Unavailable("the record was not written; retry later")
        return replace(outcome, duplicate=self.duplicate)


class RecentIds:
    """Finds the record with an event_id among the last `limit` records."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: dict[tuple[str, str], Place] = {}  # by topic and event_id, oldest first

    def find(self, topic: str, event_id: str) -> Place | None:
        """The place of an earlier record with this event_id.

        Returns None if it is unknown, or known to be lost.
        """
        place = self._places.get((topic, event_id))
        return None if place is None or place.lost else replace(place, duplicate=True)

    def add(self, topic: str, event_id: str, place: Place) -> None:
        """Remember a record, and forget the oldest."""
        self._places.pop((topic, event_id), None)
        self._places[topic, event_id] = place
        if len(self._places) > self._limit:
            del self._places[next(iter(self._places))]
