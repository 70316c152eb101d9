import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    EVENT_STATUS_DUPLICATE,
    EVENT_STATUS_REJECTED,
    EventAck,
    EventProduct,
    RecordEventsRequest,
    StreamEventsRequest,
    UserEvent,
)
from services.gateway.events import event_validation
from services.gateway.events.event_service import EventService
from services.gateway.signed_query_id import signed
from shared.errors import InvalidRequest, StorageFull
from shared.events.log import USER_EVENTS, Appended, NewRecord, RecordsRefused
from shared.events.sqlite import SqliteEventLog
from shared.query_ids import new_query_id
from tests.unit.gateway.conftest import SIGNATURES


def click(event_id: str = "e1") -> UserEvent:
    return UserEvent(
        event_id=event_id, action="click", visitor_id="v1", products=[EventProduct(product_id="p1")]
    )


async def test_an_event_is_in_the_log_when_it_is_acknowledged(log: SqliteEventLog) -> None:
    response = await EventService(log, SIGNATURES).RecordEvents(RecordEventsRequest(events=[click()]))
    assert [(ack.event_id, ack.status) for ack in response.acks] == [("e1", EVENT_STATUS_ACCEPTED)]
    (record,) = await log.read(USER_EVENTS, 0)
    stored = UserEvent.FromString(record.value or b"")
    assert (record.key, stored.event_id) == ("v1", "e1")
    assert abs(stored.event_time.seconds - time.time()) < 5  # it had none


async def test_each_event_is_answered_in_order_with_what_became_of_it(log: SqliteEventLog) -> None:
    events = [click("e1"), click("e1"), UserEvent(event_id="e2"), click("e3")]
    response = await EventService(log, SIGNATURES).RecordEvents(RecordEventsRequest(events=events))
    assert [(ack.event_id, ack.status) for ack in response.acks] == [
        ("e1", EVENT_STATUS_ACCEPTED),
        ("e1", EVENT_STATUS_DUPLICATE),
        ("e2", EVENT_STATUS_REJECTED),
        ("e3", EVENT_STATUS_ACCEPTED),
    ]
    assert (response.acks[2].field, response.acks[2].reason) == ("visitor_id", "is required")


async def stored_and_answer(log: SqliteEventLog, event: UserEvent) -> tuple[UserEvent, EventAck]:
    response = await EventService(log, SIGNATURES).RecordEvents(RecordEventsRequest(events=[event]))
    (record,) = await log.read(USER_EVENTS, 0)
    return UserEvent.FromString(record.value or b""), response.acks[0]


async def test_a_query_id_that_the_gateway_gave_stays(log: SqliteEventLog) -> None:
    query_id = signed(new_query_id("shoe"), "v1", SIGNATURES)
    event = click()
    event.query_id = query_id
    event.unverified_query_id = "sent by a client, which may not"
    stored, ack = await stored_and_answer(log, event)
    assert (stored.query_id, stored.unverified_query_id) == (query_id, "")
    assert (ack.status, ack.field, ack.reason) == (EVENT_STATUS_ACCEPTED, "", "")


@pytest.mark.parametrize(
    "forged",
    [
        new_query_id("shoe"),
        new_query_id("shoe") + ".AAAAAAAAAAAAAAAA",
        new_query_id("shoe") + signed(new_query_id("shoe"), "v1", SIGNATURES)[36:],
        "our-own-id",
        "ü.ü",
    ],
    ids=["unsigned", "badly signed", "signed for another", "of a shop's own", "no base64"],
)
async def test_a_query_id_from_elsewhere_is_kept_apart_and_said_so(log: SqliteEventLog, forged: str) -> None:
    event = click()
    event.query_id = forged
    stored, ack = await stored_and_answer(log, event)
    assert (stored.query_id, stored.unverified_query_id) == ("", forged)
    assert (ack.status, ack.field) == (EVENT_STATUS_ACCEPTED, "query_id")
    assert ack.reason.startswith("was not given by this shop's Search")


class Picky(SqliteEventLog):
    """A log that refuses one event, as Kafka does where it is larger than the topic takes."""

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        outcomes: list[Appended | str] = []
        for record in records:
            if record.event_id == "large":
                outcomes.append("is too large")
            else:
                outcomes += await super().append(topic, [record])
        if "is too large" in outcomes:
            raise RecordsRefused("v1", "is too large", outcomes)
        return [outcome for outcome in outcomes if isinstance(outcome, Appended)]


async def test_an_event_that_the_log_refuses_is_rejected_and_those_beside_it_are_accepted(
    tmp_path: Path,
) -> None:
    log = Picky(tmp_path / "log.sqlite")
    request = RecordEventsRequest(events=[click("e1"), click("large"), click("e2")])
    acks = (await EventService(log, SIGNATURES).RecordEvents(request)).acks
    assert [ack.status for ack in acks] == [
        EVENT_STATUS_ACCEPTED,
        EVENT_STATUS_REJECTED,
        EVENT_STATUS_ACCEPTED,
    ]
    assert (acks[1].field, acks[1].reason) == ("event", "is too large")
    assert [record.event_id for record in await log.read(USER_EVENTS, 0)] == ["e1", "e2"]
    await log.close()


async def test_a_stream_is_acknowledged_in_order(log: SqliteEventLog) -> None:
    async def requests() -> AsyncIterator[StreamEventsRequest]:
        for number in range(2_500):
            yield StreamEventsRequest(event=click(f"e{number}"))

    responses = EventService(log, SIGNATURES).StreamEvents(requests())
    acks = [response.ack async for response in responses]
    assert [ack.event_id for ack in acks] == [f"e{number}" for number in range(2_500)]
    assert {ack.status for ack in acks} == {EVENT_STATUS_ACCEPTED}


async def test_an_event_is_acknowledged_before_the_next_one_is_sent(log: SqliteEventLog) -> None:
    async def one_by_one() -> AsyncIterator[StreamEventsRequest]:
        for number in range(3):
            yield StreamEventsRequest(event=click(f"e{number}"))
            while await log.end_offset(USER_EVENTS) <= number:
                await log.wait(USER_EVENTS, number, 1)

    responses = EventService(log, SIGNATURES).StreamEvents(one_by_one())
    acks = [response.ack.event_id async for response in responses]
    assert acks == ["e0", "e1", "e2"]


async def test_a_stream_that_breaks_keeps_what_came_before(log: SqliteEventLog) -> None:
    async def broken() -> AsyncIterator[StreamEventsRequest]:
        yield StreamEventsRequest(event=click())
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        _ = [response async for response in EventService(log, SIGNATURES).StreamEvents(broken())]
    assert len(await log.read(USER_EVENTS, 0)) == 1


async def test_an_event_that_the_log_has_no_room_for_is_not_acknowledged(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "small.sqlite", max_bytes=100_000)
    request = RecordEventsRequest(events=[click(f"e{number}") for number in range(1_000)])
    with pytest.raises(StorageFull, match="free some space"):
        for batch in range(50):
            for number, event in enumerate(request.events):
                event.event_id = f"{batch}-{number}"
            await EventService(log, SIGNATURES).RecordEvents(request)
    await log.close()


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_batch_has_1_to_1000_events(log: SqliteEventLog, count: int) -> None:
    with pytest.raises(InvalidRequest, match=f"events: has {count}; send 1 to 1000"):
        await EventService(log, SIGNATURES).RecordEvents(RecordEventsRequest(events=[click()] * count))


def days_ahead(event: UserEvent, days: float) -> None:
    event.event_time.seconds = int(time.time() + days * 24 * 3600)


def with_product(**fields: object) -> Callable[[UserEvent], object]:
    return lambda event: event.products.add(**{"product_id": "p2", **fields})


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        (lambda event: event.ClearField("event_id"), "event_id", "is required"),
        (lambda event: setattr(event, "event_id", "e" * 129), "event_id", "longer than 128 bytes"),
        (lambda event: setattr(event, "visitor_id", "v\x00"), "visitor_id", "control characters"),
        (lambda event: setattr(event, "user_id", "u\n"), "user_id", "control characters"),
        (lambda event: setattr(event, "query_id", "q" * 129), "query_id", "longer than 128 bytes"),
        (
            lambda event: setattr(event, "action", "bought"),
            "action",
            "'bought' is unknown; use one of: view, click",
        ),
        (lambda event: event.ClearField("products"), "products", "has 0; send 1 to 100"),
        (
            lambda event: event.products.extend([EventProduct(product_id="p")] * 100),
            "products",
            "has 101",
        ),
        (with_product(product_id=""), "products[1].product_id", "is required"),
        (with_product(price=math.nan), "products[1].price", "nan is not a price"),
        (with_product(price=-1), "products[1].price", "-1.0 is not a price"),
        (with_product(currency_code="eur"), "products[1].currency_code", "ISO 4217"),
        (lambda event: days_ahead(event, 1.1), "event_time", "more than a day in the future"),
        (lambda event: setattr(event.event_time, "nanos", -1), "event_time", "not a time"),
        (
            lambda event: event.attributes["x"].numbers.append(math.inf),
            "attributes.x",
            "not finite",
        ),
        (
            lambda event: event.attributes["x"].text.append("y" * 70_000),
            "attributes",
            "keep it within 65536",
        ),
    ],
)
def test_a_faulty_event_is_rejected_by_field(
    change: Callable[[UserEvent], object], field: str, reason: str
) -> None:
    event = click()
    change(event)
    found = event_validation.fault(event)
    assert found is not None
    assert found[0] == field and reason in found[1]


@pytest.mark.parametrize("action", event_validation.ACTIONS)
def test_every_action_is_taken(action: str) -> None:
    event = click()
    event.action = action
    days_ahead(event, 0.9)
    assert event_validation.fault(event) is None
