"""The log that everything else can be rebuilt from: its topics, its records, and the port to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import InvalidRequest

CATALOG = "aisle.catalog"  # Product by product_id, and single fields of it; compacted
VECTORS = "aisle.vectors"  # IndexedProduct by product_id; compacted
SEARCH_LOGS = "aisle.search-logs"  # Impression by visitor_id
USER_EVENTS = "aisle.user-events"  # UserEvent by visitor_id
# DeadLetter: what could not be applied, by the place it came from
DEAD_LETTERS = "aisle.dead-letters"
TOPICS = (CATALOG, VECTORS, SEARCH_LOGS, USER_EVENTS, DEAD_LETTERS)
EVENTS_IN = "aisle.events-in"  # JSON that shops' systems send, by a key of theirs; on Kafka alone
# The newest record of a key stands for all before it; in one partition
COMPACTED = frozenset({CATALOG, VECTORS})
# Topics of one partition, which can be read by offset; offsets count records
SINGLE = COMPACTED | {DEAD_LETTERS}
# Equally many partitions: a visitor's records are in the same one of both
CO_PARTITIONED = (SEARCH_LOGS, USER_EVENTS)
# Key and value of one record; brokers take 1 MiB a batch unless told otherwise
MAX_RECORD_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to append. A `value` of None is a tombstone: the key is gone."""

    key: str
    value: bytes | None
    # A second record with this id in the topic is a duplicate; None: never one
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a record is; `duplicate` when it was there before."""

    offset: int  # 0: durable, but its place in the topic comes later
    duplicate: bool = False
    partition: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic. Offsets start at 1 and grow within a partition; compaction leaves gaps."""

    offset: int
    key: str
    value: bytes | None
    time_seconds: float  # when it was appended, since 1970
    event_id: str | None = None
    topic: str = ""
    partition: int = 0
    damage: str = ""  # why it must not be used, with the remedy; empty: all is well

    def check(self) -> None:
        """Raise ValueError if it is damaged: for whoever is about to make something of its value."""
        if self.damage:
            raise ValueError(self.damage)


class RecordsRefused(InvalidRequest):
    """The log does not take some of the records, and never will.

    The others of the append are durable.
    """

    def __init__(self, key: str, reason: str, outcomes: Sequence["Appended | str"]) -> None:
        """`key` and `reason` are of the first.

        `outcomes` has for each record its place, or why it is refused.
        """
        super().__init__(f"record {key!r}", reason)
        self.outcomes = tuple(outcomes)


def check_sizes(topic: str, records: Iterable[NewRecord]) -> None:
    """Raise InvalidRequest for a record that no log takes."""
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

        Empty when the time has passed without one.

        A record may come again after a crash or when a partition moves: effects go by (topic,
        partition, offset). Raises Unavailable when the log is down; poll again later.
        """
        ...

    async def commit(self, records: Iterable[Record]) -> None:
        """Remember that these and all before them in their partitions have had their effect."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class EventLog(Protocol):
    """Durable, ordered topics. To be used from one event loop."""

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """Append in order; all are durable on return, and none may be taken for so when it raises.

        Raises StorageFull without room, Overloaded when too many records wait, Unavailable when the
        log is down, InvalidRequest for a record of more than MAX_RECORD_BYTES; RecordsRefused for
        those that the log itself does not take, which keep none of the others from being written.
        """
        ...

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """The next records of a SINGLE topic after an offset (0: from the start), oldest first.

        Empty at the end.
        """
        ...

    async def end_offset(self, topic: str) -> int:
        """Offset of the newest record of a SINGLE topic; 0 in an empty one."""
        ...

    async def trimmed_through(self, topic: str) -> int:
        """Offset up to which records of a topic may be missing though no newer one stands for them;
        0: none are.
        """
        ...

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """Return True once a SINGLE topic has a record after the offset, False when the time has
        passed without.
        """
        ...

    async def consumer(self, topics: Sequence[str], group: str = "") -> Consumer:
        """Follow topics from where the group has committed.

        Without a group: from the start, and alone.
        """
        ...

    @property
    def waiting_for(self) -> str:
        """What one of its readers or consumers waits for and should not have to, for people.

        Empty: all is well.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of the log."""
        ...
