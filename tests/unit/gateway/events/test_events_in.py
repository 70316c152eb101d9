"""What shops' systems put into aisle.events-in, on a log in a file that stands for Kafka."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aisle.v1.events_pb2 import EventAck, UserEvent
from services.gateway.events.event_service import EventService
from services.gateway.events.events_in import EventsIn
from services.gateway.events.formats.reading import FORMATS
from shared.errors import Unavailable
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, EVENTS_IN, USER_EVENTS, Record
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import SIGNATURES

CLICK = {"FeedbackType": "click", "UserId": "u", "ItemId": "p", "Timestamp": "2024-11-24"}
SEARCH = {"user_query": "mug", "client_id": "v"}


@dataclass
class Topic:
    """A consumer of these values, which can be asked for again."""

    values: list[bytes | None]
    committed: list[Record] = field(default_factory=list)

    async def poll(self, timeout_seconds: float, limit: int = 1_000) -> list[Record]:
        return [
            Record(at + 1, "key", value, 1_732_440_600.25, topic=EVENTS_IN, partition=2)
            for at, value in enumerate(self.values)
        ]

    async def commit(self, records: Iterable[Record]) -> None:
        self.committed.extend(records)

    async def close(self) -> None:
        """Nothing is open."""


def of(*payloads: Any) -> Topic:
    return Topic([value if isinstance(value, bytes) else json.dumps(value).encode() for value in payloads])


async def stored(log: SqliteEventLog) -> list[UserEvent]:
    return [UserEvent.FromString(record.value or b"") for record in await log.read(USER_EVENTS, 0)]


async def reasons(log: SqliteEventLog) -> list[str]:
    return [dead_letters.from_record(record).reason for record in await log.read(DEAD_LETTERS, 0)]


def follower(log: SqliteEventLog, topic: Topic, format_name: str = "") -> EventsIn:
    return EventsIn(log, topic, EventService(log, SIGNATURES).record, FORMATS.get(format_name))


async def test_payloads_of_several_systems_become_user_events_and_are_committed(
    log: SqliteEventLog,
) -> None:
    insights = {"eventType": "click", "userToken": "v", "objectIDs": ["p"], "queryID": "q"}
    topic = of(CLICK, {"events": [insights, insights | {"userToken": "w"}]}, SEARCH)
    follows = follower(log, topic)
    assert await follows.step(0) == 3
    assert [(event.visitor_id, event.action) for event in await stored(log)] == [
        ("u", "click"),
        ("v", "click"),
        ("w", "click"),
    ]
    assert [record.offset for record in topic.committed] == [1, 2, 3]
    assert follows.counts() == {"events_in.accepted": 3, "events_in.skipped.search": 1}
    assert (await stored(log))[1].unverified_query_id == "q"


async def test_records_that_come_again_count_once(log: SqliteEventLog) -> None:
    follows = follower(log, of(CLICK, b"{"))
    await follows.step(0)
    await follows.step(0)
    assert follows.counts()["events_in.accepted"] == follows.counts()["events_in.duplicate"] == 1
    assert len(await stored(log)) == len(await reasons(log)) == 1


async def test_what_cannot_be_read_is_a_dead_letter_and_holds_up_nothing(log: SqliteEventLog) -> None:
    deep = b"[" * 100_000
    stare = CLICK | {"FeedbackType": "stare"}
    half = {"events": [CLICK, stare, stare]}
    topic = Topic([b"\xff", b"{", deep, None, json.dumps(half).encode(), b'"x"', b'{"visitor_id": "v"}'])
    follows = follower(log, topic)
    assert await follows.step(0) == 7
    found = await reasons(log)
    assert found[0] == "value: is not UTF-8 (byte 0); send UTF-8"
    assert found[2] == "value: is nested too deeply; send a flat object"
    assert found[4].startswith("events[1].FeedbackType: 'stare' is unknown")
    assert found[4].endswith("docs/events.md (and 1 more)")
    assert len(found) == 7 and len(topic.committed) == 7
    assert [event.visitor_id for event in await stored(log)] == ["u"]
    assert follows.counts() == {"events_in.accepted": 1, "events_in.rejected": 8}


async def test_our_own_events_are_checked_by_the_gateway(log: SqliteEventLog) -> None:
    follows = follower(log, of({"action": "click", "visitor_id": "v", "products": [{"product_id": "p"}]}))
    await follows.step(0)
    assert await reasons(log) == ["event_id: is required"]


async def test_a_format_that_is_named_is_that_of_all_records(log: SqliteEventLog) -> None:
    await follower(log, of(CLICK), "ubi").step(0)
    assert await reasons(log) == [
        "action_name: is required; use one of: view, click, add_to_cart, remove_from_cart, purchase, wishlist"
    ]


async def test_an_event_without_a_time_happened_when_it_came(log: SqliteEventLog) -> None:
    payload = {name: value for name, value in CLICK.items() if name != "Timestamp"}
    follows = follower(log, of(payload, payload))
    await follows.step(0)
    await follows.step(0)
    events = await stored(log)  # two records are two events, however often they come
    assert [each.event_time.ToMilliseconds() for each in events] == [1_732_440_600_250] * 2


async def test_a_log_that_is_away_is_waited_for_and_nothing_is_committed_meanwhile(
    log: SqliteEventLog,
) -> None:
    topic = of(CLICK)
    service = EventService(log, SIGNATURES)
    tries: list[int] = []

    async def append(events: Sequence[UserEvent]) -> list[EventAck]:
        tries.append(len(topic.committed))
        if len(tries) < 3:
            raise Unavailable("Kafka is away")
        return await service.record(events)

    await EventsIn(log, topic, append, pause_seconds=0).step(0)
    assert tries == [0, 0, 0]
    assert len(topic.committed) == len(await stored(log)) == 1
