"""The promises of every event log.

An adapter's test module subclasses the suite and gives it the fixture `reopen`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.errors import InvalidRequest, Unavailable
from shared.events import dead_letters
from shared.events.log import (
    CATALOG,
    COMPACTED,
    DEAD_LETTERS,
    MAX_RECORD_BYTES,
    USER_EVENTS,
    VECTORS,
    Consumer,
    EventLog,
    NewRecord,
    Record,
)

Reopen = Callable[[], Awaitable[EventLog]]  # closes the log, if one is open, and opens it again
PATIENCE_SECONDS = 30.0


def records(*values: str, key: str = "v1") -> list[NewRecord]:
    return [NewRecord(key, value.encode()) for value in values]


async def polled(consumer: Consumer, count: int) -> list[Record]:
    """The next `count` records, over as many polls as needed. Fewer if they do not come."""
    found: list[Record] = []
    ends = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count and time.monotonic() < ends:
        found += await consumer.poll(0.5)
    return found


async def read_all(log: EventLog, topic: str = CATALOG, after_offset: int = 0) -> list[Record]:
    """All records after an offset, over as many reads as needed."""
    found: list[Record] = []
    while records := await log.read(topic, found[-1].offset if found else after_offset):
        found += records
    return found


async def waited(log: EventLog, after_offset: int, times: int) -> None:
    """Wait for a record that does not come, as a follower does."""
    for _ in range(times):
        assert not await log.wait(CATALOG, after_offset, 0.02)


def values(found: list[Record]) -> list[bytes | None]:
    return [record.value for record in found]


class EventLogContract:
    @pytest.fixture
    async def log(self, reopen: Reopen) -> AsyncIterator[EventLog]:
        opened = await reopen()
        yield opened
        await opened.close()

    # Appending, and reading a compacted topic

    async def test_a_new_log_is_empty(self, log: EventLog) -> None:
        assert [await log.end_offset(topic) for topic in COMPACTED] == [0, 0]
        assert [await log.read(topic, 0) for topic in COMPACTED] == [[], []]

    async def test_what_was_appended_is_read_in_order_with_its_place_and_time(self, log: EventLog) -> None:
        first = await log.append(CATALOG, records("a", "b", key="kettle-é"))
        await log.append(CATALOG, records("c", key="p2"))
        assert [(append.offset, append.partition, append.duplicate) for append in first] == [
            (1, 0, False),
            (2, 0, False),
        ]
        last = (await read_all(log))[-2:]
        assert [(record.key, record.value, record.offset) for record in last] == [
            ("kettle-é", b"b", 2),
            ("p2", b"c", 3),
        ]
        assert {(record.topic, record.partition, record.event_id) for record in last} == {(CATALOG, 0, None)}
        assert all(abs(record.time_seconds - time.time()) < 5 for record in last)

    async def test_reading_goes_on_after_an_offset(self, log: EventLog) -> None:
        appended = await log.append(CATALOG, [NewRecord(key, b"x") for key in ("a", "b", "c", "d")])
        after = await log.read(CATALOG, appended[0].offset, limit=2)
        assert [record.key for record in after] == ["b", "c"]
        assert [record.key for record in await log.read(CATALOG, after[-1].offset, limit=2)] == ["d"]

    async def test_what_is_acknowledged_is_read_at_once(self, log: EventLog) -> None:
        position = 0
        for number in range(20):
            (appended,) = await log.append(CATALOG, records(str(number), key=str(number)))
            assert await log.end_offset(CATALOG) == appended.offset
            (record,) = await log.read(CATALOG, position)
            assert (record.offset, record.value) == (appended.offset, str(number).encode())
            position = record.offset
        assert await log.read(CATALOG, position) == []

    async def test_reading_again_from_an_earlier_place_gives_the_same(self, log: EventLog) -> None:
        await log.append(CATALOG, [NewRecord(str(number), b"x") for number in range(10)])
        once = await read_all(log, after_offset=3)
        assert [record.key for record in once] == ["3", "4", "5", "6", "7", "8", "9"]
        assert await read_all(log, after_offset=7) == once[4:]
        assert await read_all(log, after_offset=3) == once

    async def test_who_is_behind_is_not_at_the_end_because_another_is(self, log: EventLog) -> None:
        await log.append(CATALOG, [NewRecord(str(number), b"x") for number in range(10)])
        waiting = asyncio.create_task(waited(log, after_offset=10, times=40))
        while not waiting.done():
            assert [record.offset for record in await log.read(CATALOG, 7)] == [8, 9, 10]
        await waiting

    async def test_topics_do_not_see_each_other(self, log: EventLog) -> None:
        await log.append(CATALOG, records("a"))
        assert await log.read(VECTORS, 0) == []

    async def test_the_newest_record_of_a_key_is_the_last_one_read(self, log: EventLog) -> None:
        written = [NewRecord("p1", b"old"), NewRecord("p2", b"two"), NewRecord("p1", b"new")]
        await log.append(CATALOG, written)
        newest = {record.key: record.value for record in await read_all(log)}
        assert newest == {"p1": b"new", "p2": b"two"}

    async def test_a_tombstone_has_no_value_and_an_empty_value_is_none(self, log: EventLog) -> None:
        written = [NewRecord("p1", None), NewRecord("p2", b""), NewRecord("", b"empty key")]
        await log.append(CATALOG, written)
        found = {record.key: record.value for record in await read_all(log)}
        assert found == {"p1": None, "p2": b"", "": b"empty key"}

    async def test_offsets_grow_even_when_the_newest_record_was_replaced(self, log: EventLog) -> None:
        offsets = [(await log.append(CATALOG, [NewRecord("p1", b"x")]))[0].offset for _ in range(3)]
        assert offsets == [1, 2, 3]

    async def test_appending_nothing_changes_nothing(self, log: EventLog) -> None:
        assert await log.append(CATALOG, []) == []
        assert await log.end_offset(CATALOG) == 0

    async def test_a_large_record_arrives_whole_and_a_larger_one_is_refused_by_its_key(
        self, log: EventLog
    ) -> None:
        value = bytes(range(256)) * (MAX_RECORD_BYTES // 256)
        await log.append(CATALOG, [NewRecord("large", value[:-10])])
        assert values(await read_all(log)) == [value[:-10]]
        with pytest.raises(InvalidRequest, match=r"record 'larger': has 9\d+ bytes; make it smaller"):
            await log.append(CATALOG, [NewRecord("larger", value + bytes(1_000))])
        assert await log.end_offset(CATALOG) == 1

    async def test_concurrent_appends_are_all_there(self, log: EventLog) -> None:
        keys = [str(number) for number in range(200)]
        await asyncio.gather(*(log.append(CATALOG, records("x", key=key)) for key in keys))
        assert {record.key for record in await read_all(log)} == set(keys)

    async def test_a_caller_that_gives_up_does_not_hold_up_the_others(self, log: EventLog) -> None:
        given_up = asyncio.create_task(log.append(CATALOG, records("a")))
        await asyncio.sleep(0)
        given_up.cancel()
        (appended,) = await log.append(CATALOG, records("b"))
        assert appended.offset > 0

    async def test_dead_letters_are_read_and_counted_by_offset(self, log: EventLog) -> None:
        record = Record(7, "p1", b"value", 0.0, topic=CATALOG)
        letters = [dead_letters.unusable(record, "why"), dead_letters.unusable(record, "why")]
        letters.append(dead_letters.refused(USER_EVENTS, NewRecord("v1", b"x" * 2_000_000), "too large"))
        await log.append(DEAD_LETTERS, letters)
        found = [dead_letters.from_record(each) for each in await log.read(DEAD_LETTERS, 0)]
        assert [(each.topic, each.key, each.position, each.reason) for each in found] == [
            (CATALOG, "p1", 7, "why"),
            (USER_EVENTS, "v1", 0, "too large"),
        ]
        assert (found[0].value, found[1].value_bytes) == (b"value", 2_000_000)
        assert await log.end_offset(DEAD_LETTERS) == 2

    # Waiting

    async def test_waiting_ends_when_a_record_comes(self, log: EventLog) -> None:
        waiting = asyncio.create_task(log.wait(CATALOG, 0, timeout_seconds=PATIENCE_SECONDS))
        await asyncio.sleep(0.1)
        await log.append(CATALOG, records("a"))
        assert await waiting
        assert values(await read_all(log)) == [b"a"]

    async def test_waiting_ends_at_once_when_there_is_one(self, log: EventLog) -> None:
        await log.append(CATALOG, records("a", "b"))
        assert await log.wait(CATALOG, 1, timeout_seconds=PATIENCE_SECONDS)

    async def test_waiting_ends_without_a_record_when_the_time_is_over(self, log: EventLog) -> None:
        await log.append(CATALOG, records("a"))
        assert not await log.wait(CATALOG, 1, timeout_seconds=0.2)

    async def test_a_read_after_a_wait_has_what_came_in_between(self, log: EventLog) -> None:
        await log.append(CATALOG, records("a", key="a"))
        assert await log.wait(CATALOG, 0, timeout_seconds=PATIENCE_SECONDS)
        for value in ("b", "c", "d"):
            await log.append(CATALOG, records(value, key=value))
        assert values(await log.read(CATALOG, 0)) == [b"a", b"b", b"c", b"d"]

    # Closing

    async def test_a_closed_log_says_so(self, log: EventLog) -> None:
        consumer = await log.consumer([USER_EVENTS])
        await log.close()
        await log.close()
        with pytest.raises(Unavailable, match="closed"):
            await log.append(USER_EVENTS, records("a"))
        with pytest.raises(Unavailable, match="closed"):
            await log.read(CATALOG, 0)
        with pytest.raises(Unavailable, match="closed"):
            await consumer.poll(0.1)

    async def test_what_was_acknowledged_is_there_when_the_log_is_opened_again(self, reopen: Reopen) -> None:
        log = await reopen()
        appends = await asyncio.gather(
            *(log.append(CATALOG, records("x", key=str(number))) for number in range(50))
        )
        log = await reopen()
        assert await log.end_offset(CATALOG) == max(append.offset for (append,) in appends) == 50
        assert len(await read_all(log)) == 50
        await log.close()
