"""The log that everything else can be rebuilt from: its topics, its records, and the port to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

CATALOG = "aisle.catalog"  # Product by product_id; compacted: the newest record of a key stands for all before it
SEARCH_LOGS = "aisle.search-logs"  # Impression by visitor_id
USER_EVENTS = "aisle.user-events"  # UserEvent by visitor_id
DEAD_LETTERS = "aisle.dead-letters"  # what a consumer could not read, by the topic it came from
TOPICS = (CATALOG, SEARCH_LOGS, USER_EVENTS, DEAD_LETTERS)
COMPACTED = frozenset({CATALOG})


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to append. A `value` of None is a tombstone: the key is gone."""

    key: str
    value: bytes | None
    event_id: str | None = None  # a second record with this id in the topic is a duplicate; None: never one


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a record is; `duplicate` when it was there before."""

    offset: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic. Offsets start at 1 and grow; compaction leaves gaps."""

    offset: int
    key: str
    value: bytes | None
    time_seconds: float  # when it was appended, since 1970


class EventLog(Protocol):
    """Durable, ordered topics. To be used from one event loop."""

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        """Append all or none, in order; they are durable on return.

        Raises StorageFull without room, Overloaded when too many records wait, Unavailable when the log is down.
        """
        ...

    async def read(self, topic: str, after_offset: int, limit: int = 1_000) -> list[Record]:
        """The next records after an offset (0: from the start), oldest first; empty at the end."""
        ...

    async def latest(self, topic: str, key: str) -> Record | None:
        """The newest record of a key; only for a compacted topic."""
        ...

    async def end_offset(self, topic: str) -> int:
        """Offset of the newest record; 0 in an empty topic."""
        ...

    async def wait(self, topic: str, after_offset: int, timeout_seconds: float) -> bool:
        """Return True once there is a record after the offset, False when the time has passed without one."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of the log."""
        ...
