import pytest

from services.feedback.visitor_update import MAX_WEIGHT, after
from shared.features.observation import Interaction
from shared.features.visitor import (
    HALF_LIFE_SECONDS,
    MAX_BOUGHT,
    MAX_RECENT_PRODUCTS,
    TTL_SECONDS,
    UNKNOWN_VISITOR,
    VisitorState,
)

NOW = 20_000 * 86_400.0 + 3_600


def did(action: str, *product_ids: str, at: float = 0.0, session_id: str = "") -> Interaction:
    return Interaction(action, "v1", product_ids, at, session_id)


def recent(state: VisitorState) -> list[str]:
    return [product.product_id for product in state.recent]


def test_the_latest_product_comes_first() -> None:
    state = after(after(UNKNOWN_VISITOR, did("click", "p1", at=1)), did("click", "p2", at=2))
    assert recent(state) == ["p2", "p1"]


def test_at_the_same_second_the_last_seen_comes_first() -> None:
    state = after(after(UNKNOWN_VISITOR, did("click", "p1")), did("click", "p2"))
    assert recent(state) == ["p2", "p1"]


def test_actions_on_one_product_add_up_and_fade() -> None:
    state = after(after(UNKNOWN_VISITOR, did("click", "p1")), did("add_to_cart", "p1", at=HALF_LIFE_SECONDS))
    assert state.recent[0].weight == pytest.approx(0.5 * 1.0 + 3.0)


def test_an_interaction_that_comes_late_counts_as_of_its_own_time() -> None:
    in_order = after(
        after(UNKNOWN_VISITOR, did("click", "p1")), did("add_to_cart", "p1", at=HALF_LIFE_SECONDS)
    )
    late = after(after(UNKNOWN_VISITOR, did("add_to_cart", "p1", at=HALF_LIFE_SECONDS)), did("click", "p1"))
    assert late.recent == in_order.recent


def test_what_is_taken_out_of_the_cart_is_forgotten() -> None:
    state = after(after(UNKNOWN_VISITOR, did("add_to_cart", "p1", "p2")), did("remove_from_cart", "p1"))
    assert recent(state) == ["p2"]


def test_a_product_named_twice_in_one_event_counts_once() -> None:
    assert after(UNKNOWN_VISITOR, did("click", "p1", "p1")).recent[0].weight == 1.0


def test_only_the_last_twenty_products_are_kept() -> None:
    state = UNKNOWN_VISITOR
    for number in range(30):
        state = after(state, did("click", f"p{number}", at=number))
    assert recent(state) == [f"p{number}" for number in range(29, 29 - MAX_RECENT_PRODUCTS, -1)]


def test_a_weight_has_an_upper_end() -> None:
    state = UNKNOWN_VISITOR
    for _ in range(50):
        state = after(state, did("purchase", "p1"))
    assert state.recent[0].weight == MAX_WEIGHT


def test_what_is_a_month_older_than_the_newest_is_dropped() -> None:
    state = after(after(UNKNOWN_VISITOR, did("click", "old")), did("click", "new", at=TTL_SECONDS + 1))
    assert recent(state) == ["new"]


def test_the_session_is_that_of_the_newest_interaction() -> None:
    state = after(UNKNOWN_VISITOR, did("click", "p1", at=10, session_id="s2"))
    assert after(state, did("click", "p2", at=5, session_id="s1")).session_id == "s2"


def test_a_product_belongs_to_the_session_of_its_last_action() -> None:
    state = after(
        after(UNKNOWN_VISITOR, did("click", "p1", at=10, session_id="s2")),
        did("click", "p1", at=5, session_id="s1"),
    )
    assert state.recent[0].session_id == "s2"
    assert state.weights_at(10, "s2").keys() == {"p1"} and not state.weights_at(10, "s1")


def test_an_action_without_a_weight_changes_nothing() -> None:
    assert after(UNKNOWN_VISITOR, did("share", "p1")) == UNKNOWN_VISITOR


def bought(state: VisitorState) -> list[tuple[str, int, int, int]]:
    return [(each.product_id, each.days, each.first_day, each.last_day) for each in state.bought]


def test_purchases_are_remembered_by_day() -> None:
    day = 86_400.0
    state = after(UNKNOWN_VISITOR, did("purchase", "p1", "p2", at=NOW))
    state = after(state, did("purchase", "p1", at=NOW + 60))  # the same day
    state = after(state, did("purchase", "p1", at=NOW + 3 * day))
    state = after(state, did("purchase", "p2", at=NOW - 2 * day))  # late
    today = int(NOW // day)
    assert bought(state) == [("p1", 2, today, today + 3), ("p2", 2, today - 2, today)]
    assert state.bought_days == (today - 2, today, today + 3)
    assert bought(after(state, did("view", "p9", at=NOW))) == bought(state)


def test_the_oldest_purchases_leave() -> None:
    state = UNKNOWN_VISITOR
    for number in range(MAX_BOUGHT + 5):
        state = after(state, did("purchase", f"p{number}", at=NOW + number * 86_400.0))
    assert len(state.bought) == MAX_BOUGHT
    assert state.bought[0].product_id == f"p{MAX_BOUGHT + 4}"


def test_the_cart_follows_what_is_put_in_taken_out_and_bought() -> None:
    state = after(UNKNOWN_VISITOR, did("add_to_cart", "p1", "p2", "p3", at=NOW))
    assert state.cart == ("p3", "p2", "p1")
    state = after(state, did("remove_from_cart", "p2", at=NOW))
    state = after(state, did("view", "p1", at=NOW))
    assert state.cart == ("p3", "p1")
    assert after(state, did("purchase", "p3", at=NOW)).cart == ("p1",)
