import time

import pytest

from aisle.v1.events_pb2 import Impression, UserEvent
from services.feedback.service import observation
from shared.events.log import SEARCH_LOGS, USER_EVENTS, NewRecord, Record
from shared.features.observation import Interaction, Shown
from shared.query_ids import query_hash
from tests.unit.feedback.observations import event, page

LOGGED = time.time()


def record(new: NewRecord, topic: str = USER_EVENTS) -> Record:
    return Record(7, new.key, new.value, LOGGED, new.event_id, topic, 3)


def test_an_event_says_who_did_what_and_which_query_led_to_it() -> None:
    read = observation(record(event("purchase", "p1", "p2", event_id="e1", query="Red  shoe")))
    assert (read.topic, read.partition, read.offset, read.key, read.event_id) == (
        USER_EVENTS,
        3,
        7,
        "v1",
        "e1",
    )
    assert isinstance(read.content, Interaction)
    assert (read.content.action, read.content.product_ids) == ("purchase", ("p1", "p2"))
    assert read.content.query_hash == query_hash("red shoe")


def test_a_page_says_what_was_shown_for_which_query() -> None:
    read = observation(record(page("p1", "p2", visitor_id="", query="shoe"), SEARCH_LOGS))
    assert isinstance(read.content, Shown)
    assert (read.content.product_ids, read.content.visitor_id) == (("p1", "p2"), "")
    assert read.content.query_hash == query_hash("shoe")


def test_a_record_without_an_event_id_is_named_by_its_place() -> None:
    assert observation(record(event("click", "p1"))).event_id == "3:7"


@pytest.mark.parametrize(
    ("event_seconds", "ahead_seconds"),
    [(0, 0), (LOGGED + 1e9, 86_400), (LOGGED - 50, -50)],
    ids=["no time", "far ahead", "a little before"],
)
def test_the_time_is_that_of_the_event_or_of_the_log_and_never_far_ahead_of_the_log(
    event_seconds: float, ahead_seconds: float
) -> None:
    message = UserEvent(action="click", visitor_id="v1")
    message.event_time.FromNanoseconds(int(event_seconds * 1e9))
    message.products.add(product_id="p1")
    read = observation(record(NewRecord("v1", message.SerializeToString())))
    assert read.content.time_seconds == pytest.approx(LOGGED + ahead_seconds, abs=1e-3)


@pytest.mark.parametrize(
    "value",
    [
        b"\xff\xff not a message",
        None,
        UserEvent(action="click", visitor_id="v1").SerializeToString(),
        event("click", "p1", visitor_id="").value,
        event("click", "").value,
        event("click", "x" * 129).value,
        event("click", "a\0b").value,
    ],
    ids=[
        "no message",
        "nothing",
        "no time",
        "no visitor",
        "no product",
        "a long product",
        "a zero in a product",
    ],
)
def test_what_cannot_be_counted_is_refused(value: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        observation(record(NewRecord("v1", value)))


def test_an_impression_that_cannot_be_read_is_refused_and_an_empty_page_is_not() -> None:
    with pytest.raises(ValueError, match=r"."):
        observation(record(NewRecord("v1", b"\xff\xff"), SEARCH_LOGS))
    empty = observation(record(NewRecord("v1", Impression().SerializeToString()), SEARCH_LOGS))
    assert empty.content.product_ids == ()
