"""The promises of the consumers of every event log.

An adapter's test module subclasses this beside EventLogContract.
"""

from shared.events.log import DEAD_LETTERS, SEARCH_LOGS, USER_EVENTS, EventLog, NewRecord, Record
from tests.contract.event_log import PATIENCE_SECONDS, Reopen, polled, records, values


class ConsumerContract:
    """The fixture `log` is EventLogContract's."""

    # Consumers

    async def test_a_consumer_without_a_group_reads_all_of_its_topics_from_the_start(
        self, log: EventLog
    ) -> None:
        await log.append(USER_EVENTS, [NewRecord(f"v{number}", b"event") for number in range(10)])
        await log.append(SEARCH_LOGS, [NewRecord(f"v{number}", b"page") for number in range(10)])
        await log.append(DEAD_LETTERS, records("not asked for"))
        for _ in range(2):
            found = await polled(await log.consumer([USER_EVENTS, SEARCH_LOGS]), 20)
            assert {(record.topic, record.key) for record in found} == {
                (topic, f"v{number}") for topic in (USER_EVENTS, SEARCH_LOGS) for number in range(10)
            }

    async def test_a_consumer_gets_the_records_of_a_key_in_order_and_what_comes_later(
        self, log: EventLog
    ) -> None:
        consumer = await log.consumer([USER_EVENTS])
        for number in range(30):
            await log.append(USER_EVENTS, records(str(number), key=f"v{number % 3}"))
        found = await polled(consumer, 30)
        for key in ("v0", "v1", "v2"):
            numbers = [int(record.value or b"") for record in found if record.key == key]
            assert numbers == list(range(int(key[1]), 30, 3))
        await log.append(USER_EVENTS, records("later"))
        assert values(await polled(consumer, 1)) == [b"later"]

    async def test_a_poll_hands_out_no_more_than_its_limit_and_loses_nothing(self, log: EventLog) -> None:
        await log.append(USER_EVENTS, [NewRecord(f"v{number}", b"x") for number in range(25)])
        consumer = await log.consumer([USER_EVENTS])
        found: list[Record] = []
        while len(found) < 25:
            batch = await consumer.poll(PATIENCE_SECONDS, limit=10)
            assert 1 <= len(batch) <= 10
            found += batch
        assert {record.key for record in found} == {f"v{number}" for number in range(25)}

    async def test_a_poll_ends_empty_when_the_time_is_over(self, log: EventLog) -> None:
        assert await (await log.consumer([USER_EVENTS])).poll(0.2) == []

    async def test_a_visitors_records_are_in_the_same_partition_of_both_topics(self, log: EventLog) -> None:
        keys = [f"v{number}" for number in range(20)]
        partitions = [
            await log.append(topic, [NewRecord(key, b"x") for key in keys])
            for topic in (USER_EVENTS, SEARCH_LOGS)
        ]
        events, pages = ([append.partition for append in appends] for appends in partitions)
        assert events == pages

    async def test_a_group_goes_on_after_what_it_committed(self, reopen: Reopen) -> None:
        log = await reopen()
        await log.append(USER_EVENTS, records("a", "b", "c", "d"))
        consumer = await log.consumer([USER_EVENTS], "readers")
        found = await polled(consumer, 4)
        await consumer.commit(found[:2])
        log = await reopen()
        await log.append(USER_EVENTS, records("e"))
        consumer = await log.consumer([USER_EVENTS], "readers")
        assert values(await polled(consumer, 3)) == [b"c", b"d", b"e"]
        await log.close()

    async def test_groups_do_not_see_each_other(self, log: EventLog) -> None:
        await log.append(USER_EVENTS, records("a", "b"))
        one = await log.consumer([USER_EVENTS], "one")
        await one.commit(await polled(one, 2))
        other = await log.consumer([USER_EVENTS], "other")
        assert values(await polled(other, 2)) == [b"a", b"b"]

    async def test_a_commit_never_goes_back(self, reopen: Reopen) -> None:
        log = await reopen()
        await log.append(USER_EVENTS, records("a", "b"))
        consumer = await log.consumer([USER_EVENTS], "readers")
        found = await polled(consumer, 2)
        await consumer.commit(found)
        await consumer.commit(found[:1])
        await consumer.commit([])
        log = await reopen()
        consumer = await log.consumer([USER_EVENTS], "readers")
        assert await consumer.poll(1) == []
        await log.close()

    async def test_when_a_consumer_leaves_another_of_its_group_goes_on(self, log: EventLog) -> None:
        keys = [f"v{number}" for number in range(40)]
        await log.append(USER_EVENTS, [NewRecord(key, b"before") for key in keys])
        first, second = [await log.consumer([USER_EVENTS], "readers") for _ in range(2)]
        found = await polled(first, 40)
        await first.commit(found)
        await first.close()
        await log.append(USER_EVENTS, [NewRecord(key, b"after") for key in keys])
        found += await polled(second, 40)
        assert sorted((record.value, record.key) for record in found) == sorted(
            (value, key) for value in (b"before", b"after") for key in keys
        )
