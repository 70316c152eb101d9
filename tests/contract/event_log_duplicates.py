"""The promises of every event log about repeated events.

An adapter's test module subclasses this beside EventLogContract.
"""

import asyncio

from shared.events.log import SEARCH_LOGS, USER_EVENTS, EventLog, NewRecord
from tests.contract.event_log import polled, values


class DuplicatesContract:
    """The fixture `log` is EventLogContract's."""

    async def test_a_second_record_with_an_event_id_is_a_duplicate(self, log: EventLog) -> None:
        event = NewRecord("v1", b"a", event_id="e1-é")
        first, again = await log.append(USER_EVENTS, [event, event])
        (later,) = await log.append(USER_EVENTS, [event])
        assert (first.duplicate, again.duplicate, later.duplicate) == (False, True, True)
        assert first.offset == again.offset == later.offset
        consumer = await log.consumer([USER_EVENTS])
        assert [record.event_id for record in await polled(consumer, 1)] == ["e1-é"]
        assert await consumer.poll(0.3) == []

    async def test_of_concurrent_appends_of_one_event_id_one_is_the_first(self, log: EventLog) -> None:
        event = NewRecord("v1", b"a", event_id="e1")
        appends = await asyncio.gather(*(log.append(USER_EVENTS, [event]) for _ in range(5)))
        assert sorted(append.duplicate for (append,) in appends) == [False, True, True, True, True]
        assert len({append.offset for (append,) in appends}) == 1

    async def test_new_records_between_duplicates_are_kept(self, log: EventLog) -> None:
        await log.append(USER_EVENTS, [NewRecord("v", b"a", "e1")])
        both = [NewRecord("v", b"b", "e2"), NewRecord("v", b"a", "e1")]
        mixed = await log.append(USER_EVENTS, both)
        assert [append.duplicate for append in mixed] == [False, True]
        assert values(await polled(await log.consumer([USER_EVENTS]), 2)) == [b"a", b"b"]

    async def test_an_event_id_counts_in_its_own_topic_only(self, log: EventLog) -> None:
        await log.append(USER_EVENTS, [NewRecord("v1", b"a", event_id="e1")])
        (other,) = await log.append(SEARCH_LOGS, [NewRecord("v1", b"a", event_id="e1")])
        assert not other.duplicate
