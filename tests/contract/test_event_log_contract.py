"""What every event log promises; each adapter is run through all of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import Unavailable
from shared.events.log import CATALOG, SEARCH_LOGS, TOPICS, USER_EVENTS, EventLog, NewRecord
from shared.events.sqlite import SqliteEventLog


@pytest.fixture(params=["sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventLog]:
    opened: EventLog = {"sqlite": SqliteEventLog}[request.param](tmp_path / "log.sqlite")
    yield opened
    await opened.close()


def records(*values: str) -> list[NewRecord]:
    return [NewRecord("v1", value.encode()) for value in values]


async def test_a_new_log_is_empty_in_every_topic(log: EventLog) -> None:
    assert [await log.end_offset(topic) for topic in TOPICS] == [0] * len(TOPICS)
    assert [await log.read(topic, 0) for topic in TOPICS] == [[]] * len(TOPICS)


async def test_what_was_appended_is_read_in_order(log: EventLog) -> None:
    await log.append(USER_EVENTS, records("a", "b"))
    await log.append(USER_EVENTS, records("c"))
    assert [record.value for record in await log.read(USER_EVENTS, 0)] == [b"a", b"b", b"c"]


async def test_reading_goes_on_after_an_offset(log: EventLog) -> None:
    appended = await log.append(USER_EVENTS, records("a", "b", "c"))
    after = await log.read(USER_EVENTS, appended[0].offset, limit=1)
    assert [(record.offset, record.value) for record in after] == [(appended[1].offset, b"b")]


async def test_topics_do_not_see_each_other(log: EventLog) -> None:
    await log.append(USER_EVENTS, records("a"))
    assert await log.read(SEARCH_LOGS, 0) == []


async def test_the_end_offset_is_that_of_the_newest_record(log: EventLog) -> None:
    appended = await log.append(USER_EVENTS, records("a", "b"))
    assert await log.end_offset(USER_EVENTS) == appended[-1].offset


async def test_appending_nothing_changes_nothing(log: EventLog) -> None:
    assert await log.append(USER_EVENTS, []) == []
    assert await log.end_offset(USER_EVENTS) == 0


async def test_a_second_record_with_an_event_id_is_a_duplicate(log: EventLog) -> None:
    event = NewRecord("v1", b"a", event_id="e1")
    first, again = await log.append(USER_EVENTS, [event, event])
    (later,) = await log.append(USER_EVENTS, [event])
    assert (first.duplicate, again.duplicate, later.duplicate) == (False, True, True)
    assert first.offset == again.offset == later.offset
    assert len(await log.read(USER_EVENTS, 0)) == 1


async def test_new_records_between_duplicates_are_seen(log: EventLog) -> None:
    await log.append(USER_EVENTS, [NewRecord("v", b"a", "e1")])
    mixed = await log.append(USER_EVENTS, [NewRecord("v", b"b", "e2"), NewRecord("v", b"a", "e1")])
    assert [record.value for record in await log.read(USER_EVENTS, mixed[1].offset)] == [b"b"]


async def test_an_event_id_counts_in_its_own_topic_only(log: EventLog) -> None:
    await log.append(USER_EVENTS, [NewRecord("v1", b"a", event_id="e1")])
    (other,) = await log.append(SEARCH_LOGS, [NewRecord("v1", b"a", event_id="e1")])
    assert not other.duplicate


async def test_a_compacted_topic_keeps_the_newest_of_a_key(log: EventLog) -> None:
    await log.append(CATALOG, [NewRecord("p1", b"old"), NewRecord("p2", b"two"), NewRecord("p1", b"new")])
    latest = await log.latest(CATALOG, "p1")
    assert latest is not None and latest.value == b"new"
    assert (await log.read(CATALOG, 0))[-1] == latest


async def test_a_tombstone_is_a_record_without_a_value(log: EventLog) -> None:
    await log.append(CATALOG, [NewRecord("p1", b"old"), NewRecord("p1", None)])
    latest = await log.latest(CATALOG, "p1")
    assert latest is not None and latest.value is None


async def test_an_unknown_key_has_no_latest_record(log: EventLog) -> None:
    assert await log.latest(CATALOG, "nothing") is None


async def test_offsets_grow_even_when_the_newest_record_was_replaced(log: EventLog) -> None:
    offsets = [(await log.append(CATALOG, [NewRecord("p1", b"x")]))[0].offset for _ in range(3)]
    assert offsets == sorted(set(offsets))


async def test_waiting_ends_when_a_record_comes(log: EventLog) -> None:
    waiting = asyncio.create_task(log.wait(USER_EVENTS, 0, timeout_seconds=5))
    await asyncio.sleep(0)
    await log.append(USER_EVENTS, records("a"))
    assert await waiting


async def test_waiting_ends_without_a_record_when_the_time_is_over(log: EventLog) -> None:
    assert not await log.wait(USER_EVENTS, 0, timeout_seconds=0.01)


async def test_concurrent_appends_are_all_there(log: EventLog) -> None:
    await asyncio.gather(*(log.append(USER_EVENTS, records(str(number))) for number in range(200)))
    values = {record.value for record in await log.read(USER_EVENTS, 0)}
    assert values == {str(number).encode() for number in range(200)}


async def test_a_caller_that_gives_up_does_not_hold_up_the_others(log: EventLog) -> None:
    given_up = asyncio.create_task(log.append(USER_EVENTS, records("a")))
    await asyncio.sleep(0)
    given_up.cancel()
    (appended,) = await log.append(USER_EVENTS, records("b"))
    assert appended.offset > 0


async def test_a_closed_log_says_so(log: EventLog) -> None:
    await log.close()
    with pytest.raises(Unavailable, match="closed"):
        await log.append(USER_EVENTS, records("a"))
