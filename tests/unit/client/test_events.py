"""Events are sent until they are acknowledged."""

import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest

from aisle.client import Client, InvalidRequest, RetryPolicy, Unavailable
from aisle.v1.events_pb2 import EVENT_STATUS_ACCEPTED, EVENT_STATUS_DUPLICATE, UserEvent
from shared import errors
from tests.unit.client.conftest import Engine


def events(count: int) -> list[UserEvent]:
    return [UserEvent(event_id=f"e{n}", action="click") for n in range(count)]


def test_each_event_is_acknowledged_in_order(client: Any, engine: Engine) -> None:
    acks = list(client.events(events(300)))
    assert [ack.event_id for ack in acks] == engine.recorded == [f"e{n}" for n in range(300)]
    assert {ack.status for ack in acks} == {EVENT_STATUS_ACCEPTED}


def test_an_event_without_an_id_is_given_one(client: Any) -> None:
    sent = [UserEvent(action="click"), UserEvent(action="view")]
    acks = list(client.events(sent))
    assert [ack.event_id for ack in acks] == [event.event_id for event in sent]
    assert len({event.event_id for event in sent}) == 2 and all(event.event_id for event in sent)


def test_no_events_are_no_acknowledgements(client: Any) -> None:
    assert list(client.events([])) == []


@pytest.mark.parametrize("at", [1, 7, 20])
def test_what_was_not_acknowledged_is_sent_again(client: Any, engine: Engine, at: int) -> None:
    engine.break_after = at
    acks = list(client.events(events(20)))
    assert [ack.event_id for ack in acks] == [f"e{n}" for n in range(20)]
    assert set(engine.recorded) == {f"e{n}" for n in range(20)}
    assert EVENT_STATUS_DUPLICATE in {ack.status for ack in acks}
    assert engine.requests == ["stream", "stream"]


def test_a_stream_that_cannot_begin_is_begun_again(client: Any, engine: Engine) -> None:
    engine.failures.extend([errors.Unavailable("starting"), errors.Overloaded("busy")])
    assert len(list(client.events(events(5)))) == 5


def test_an_error_that_does_not_pass_ends_the_stream(client: Any, engine: Engine) -> None:
    engine.failures.append(errors.InvalidRequest("request", "is no message"))
    with pytest.raises(InvalidRequest):
        list(client.events(events(5)))


def test_tries_end(connect: Any, engine: Engine) -> None:
    engine.failures.extend(errors.Unavailable("starting") for _ in range(9))
    policy = RetryPolicy(max_tries=2, first_pause_seconds=0.01)
    with pytest.raises(Unavailable, match="starting") as caught:
        list(connect(retry_policy=policy).events(events(5)))
    taken = caught.value.unacknowledged
    assert taken and list(taken) == events(len(taken))
    assert engine.requests == ["stream"] * 2


def test_an_event_is_acknowledged_before_the_next_one_happens(address: str, engine: Engine) -> None:
    """Also on a second stream, while the first one's thread still waits for an event."""
    happened: Queue[UserEvent | None] = Queue()
    engine.break_after = 2
    with Client(address) as client:
        acks = client.events(iter(happened.get, None))
        for event in events(4):
            happened.put(event)
            assert next(acks).event_id == event.event_id
        happened.put(None)
        assert list(acks) == []
    assert engine.recorded == ["e0", "e1", "e1", "e2", "e3"]


def test_an_error_of_the_caller_comes_after_the_acknowledgements_before_it(client: Any) -> None:
    def some() -> Iterator[UserEvent]:
        yield from events(3)
        raise LookupError("the shop's own error")

    acks = []
    with pytest.raises(LookupError, match="own error"):
        for ack in client.events(some()):
            acks.append(ack.event_id)
    assert acks == ["e0", "e1", "e2"]


def test_a_caller_may_leave(client: Any) -> None:
    acks = client.events(events(1_000))
    next(acks)
    acks.close()
    assert threading.active_count() < 50
    assert client.status().product_count == 7
