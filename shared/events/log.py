"""The event log from which all other state can be rebuilt.

This module has its topics, its records, and its port.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import InvalidRequest

CATALOG = "aisle.catalog"  # Product by product_id, and single fields of it; compacted
VECTORS = "aisle.vectors"  # IndexedProduct by product_id; compacted
SEARCH_LOGS = "aisle.search-logs"  # Impression by visitor_id
USER_EVENTS = "aisle.user-events"  # UserEvent by visitor_id
# DeadLetter: records that could not be applied, by their place in the log
DEAD_LETTERS = "aisle.dead-letters"
TOPICS = (CATALOG, VECTORS, SEARCH_LOGS, USER_EVENTS, DEAD_LETTERS)
EVENTS_IN = "aisle.events-in"  # JSON that shops' systems send, by a key of their own; on Kafka only
# The newest record of a key stands for all before it; in one partition
COMPACTED = frozenset({CATALOG, VECTORS})
# Topics of one partition, which can be read by offset; offsets count records
SINGLE = COMPACTED | {DEAD_LETTERS}
# Equally many partitions: a visitor's records are in the same partition of both
CO_PARTITIONED = (SEARCH_LOGS, USER_EVENTS)
# Key and value of one record; brokers take 1 MiB a batch by default
MAX_RECORD_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to append. A `value` of None is a tombstone, which removes the key."""

    key: str
    value: bytes | None
    # A second record with this id in the topic is a duplicate; None: no check
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The position of a record. `duplicate` if it was appended before."""

    offset: int  # 0: durable, but its position comes later
    duplicate: bool = False
    partition: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic.

    Offsets start at 1 and grow within a partition. Compaction leaves gaps.
    """

    offset: int
    key: str
    value: bytes | None
    time_seconds: float  # when it was appended, since 1970
    event_id: str | None = None
    topic: str = ""
    partition: int = 0
    damage: str = ""  # why it must not be used, with the remedy; empty if it is sound

    def check(self) -> None:
        """Raise ValueError if the record is damaged. Call it before the value is decoded."""
        if self.damage:
            raise ValueError(self.damage)


class RecordsRefused(InvalidRequest):
    """Raised if the log refuses some of the records for good.

    The others of the append are durable.
    """

    def __init__(self, key: str, reason: str, outcomes: Sequence[Appended | str]) -> None:
        """`key` and `reason` describe the first refused record.

        `outcomes` has for each record its position, or the reason for its refusal.
        """
        super().__init__(f"record {key!r}", reason)
        self.outcomes = tuple(outcomes)


def check_sizes(topic: str, records: Iterable[NewRecord]) -> None:
    """Raises InvalidRequest for a record that is too large for any log."""
    for record in records:
        size = len(record.key) + len(record.value or b"")
        if size > MAX_RECORD_BYTES:
            reason = f"has {size} bytes; make it smaller, {topic} takes {MAX_RECORD_BYTES} at most"
            raise InvalidRequest(f"record {record.key!r}", reason)


def ends(records: Iterable[Record]) -> dict[tuple[str, int], int]:
    """The greatest offset of each (topic, partition)."""
    found: dict[tuple[str, int], int] = {}
    for record in records:
        place = record.topic, record.partition
        found[place] = max(record.offset, found.get(place, 0))
    return found


class Consumer(Protocol):
    """Follows whole topics, shared among all consumers of its group.

    Each partition is read by one of them.
    """

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        """The next records, in order within a partition.

        Returns an empty list if none arrives in time. A record may come again after a crash, or
        when a partition moves. So effects are tracked by (topic, partition, offset). Raises
        Unavailable if the log is down; poll again later.
        """
        ...

    async def commit(self, records: Iterable[Record]) -> None:
        """Remember that these records, and all before them in their partitions, were applied."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class EventLog(Protocol):
    """Durable, ordered topics, for use from one event loop."""

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """Append records in order. On return all are durable; after an error, assume that none is.

        Raises StorageFull, Overloaded if too many records wait, Unavailable if the log is down,
        InvalidRequest for a record of more than MAX_RECORD_BYTES. Raises RecordsRefused for records
        that the log itself refuses; the others are written.
        """
        ...

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """The next records of a SINGLE topic after an offset (0: from the start), oldest first.

        Empty at the end.
        """
        ...

    async def end_offset(self, topic: str) -> int:
        """The offset of the newest record of a SINGLE topic. 0 if it is empty."""
        ...

    async def trimmed_through(self, topic: str) -> int:
        """The offset up to which records may have been removed without a newer one of their key.

        0 if none have been.
        """
        ...

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """Wait for a record of a SINGLE topic after the offset.

        Returns False if the time passes without one.
        """
        ...

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        """A consumer that starts where its group has committed.

        Without a group it reads from the start, and alone.
        """
        ...

    @property
    def waiting_for(self) -> str:
        """The fault that keeps a reader or consumer waiting, in words.

        Empty if all work.
        """
        ...

    async def close(self) -> None:
        """Finish pending appends, and close the log."""
        ...
