import pytest

from shared.features.visitor import (
    HALF_LIFE_SECONDS,
    MAX_SEEN,
    TTL_SECONDS,
    UNKNOWN_VISITOR,
    Delivery,
    RecentProduct,
    Visitor,
    VisitorState,
    event_name,
    state_of,
)

HERE = (0, 3)


def names(count: int) -> list[bytes]:
    return [event_name("aisle.user-events", str(number)) for number in range(count)]


def test_what_is_stored_is_what_is_read() -> None:
    visitor = Visitor()
    visitor.state = VisitorState(
        (RecentProduct('p"1', 1 / 3, 1e9 + 0.1, "s1"), RecentProduct("ü", 2.0, 1e9)), "s1"
    )
    visitor.receive(HERE, 7, names(1)[0])
    value = visitor.encoded()
    again = Visitor(value)
    assert again.state == state_of(value) == visitor.state
    assert again.receive(HERE, 7, names(1)[0]) is Delivery.REDELIVERED


def test_a_visitor_without_a_value_is_nobody() -> None:
    assert (state_of(None), state_of(b""), Visitor(None).state) == (
        UNKNOWN_VISITOR,
        UNKNOWN_VISITOR,
        UNKNOWN_VISITOR,
    )


def test_an_event_told_again_at_another_offset_is_a_second_telling_each_time() -> None:
    visitor = Visitor()
    name = names(1)[0]
    deliveries = [visitor.receive(HERE, offset, name) for offset in (5, 5, 9, 9, 5)]
    duplicate = Delivery.DUPLICATE
    assert deliveries == [Delivery.FIRST, Delivery.REDELIVERED, duplicate, duplicate, Delivery.REDELIVERED]


def test_an_event_of_another_topic_with_the_same_id_is_another_event() -> None:
    visitor = Visitor()
    visitor.receive((0, 0), 1, event_name("aisle.user-events", "1"))
    assert visitor.receive((1, 0), 1, event_name("aisle.search-logs", "1")) is Delivery.FIRST


def test_so_many_events_are_remembered_and_what_is_long_past_has_had_its_effect() -> None:
    visitor = Visitor()
    many = names(MAX_SEEN + 1)
    for offset, name in enumerate(many, 1):
        visitor.receive(HERE, offset, name)
    stored = Visitor(visitor.encoded())
    assert stored.receive(HERE, 1, many[0]) is Delivery.DUPLICATE
    assert all(
        stored.receive(HERE, offset, name) is Delivery.REDELIVERED for offset, name in enumerate(many[1:], 2)
    )


def test_a_weight_halves_with_its_half_life() -> None:
    product = RecentProduct("p1", 4.0, time_seconds=1_000.0)
    assert product.weight_at(1_000.0 + HALF_LIFE_SECONDS) == pytest.approx(2.0)
    assert product.weight_at(0.0) == 4.0  # an action from the future counts as one from now


def test_what_is_older_than_a_month_no_longer_counts() -> None:
    known = VisitorState((RecentProduct("new", 1.0, TTL_SECONDS), RecentProduct("old", 1.0, 0.0)))
    assert list(known.weights_at(TTL_SECONDS + 1)) == ["new"]
