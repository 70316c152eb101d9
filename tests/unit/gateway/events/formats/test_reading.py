"""What is easy to get wrong in payloads of other systems."""

from collections.abc import Mapping

import pytest

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats.event_format import Rejected, Skipped
from services.gateway.events.formats.reading import FORMATS, detected, format_named, read
from shared.errors import InvalidRequest
from tests.unit.gateway.events.formats.samples import (
    ALGOLIA,
    GORSE,
    METARANK,
    PAYLOADS,
    RETAIL,
    UBI,
    event,
    only,
    rejected,
)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_format_is_found_by_its_fields(name: str) -> None:
    found = detected(PAYLOADS[name])
    assert found is not None and found.name == name


def test_each_format_leaves_the_payloads_of_others_alone() -> None:
    for name, payload in PAYLOADS.items():
        assert [each.name for each in FORMATS.values() if each.matches(payload)] == [name]


def test_an_unknown_format_is_answered_with_those_that_are_known() -> None:
    assert "ubi, algolia, google-retail" in rejected({"hello": "world"}).reason
    with pytest.raises(InvalidRequest, match="give one of ubi"):
        format_named("segment")


# Verbs


@pytest.mark.parametrize(
    ("verb", "action"),
    [
        ("add_to_cart", "add_to_cart"),
        ("add-to-cart", "add_to_cart"),
        ("addToCart", "add_to_cart"),
        ("Add To Cart", "add_to_cart"),
        ("ADD_TO_CART", "add_to_cart"),
        ("AddToCart", "add_to_cart"),
        ("click_through", "click"),
        ("watch", "view"),
        ("remove-from-cart", "remove_from_cart"),
        ("purchase-complete", "purchase"),
        ("like", "wishlist"),
        ("addToWishlist", "wishlist"),
    ],
)
def test_a_verb_has_many_spellings(verb: str, action: str) -> None:
    assert event({**UBI, "action_name": verb}).action == action
    assert event({**METARANK, "type": verb}).action == action
    assert event({**GORSE, "FeedbackType": verb}).action == action


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({**UBI, "action_name": "stare"}, "action_name"),
        ({**RETAIL, "event_type": "stare", "eventType": ""}, "event_type"),
        ({**METARANK, "type": "stare"}, "type"),
        ({**GORSE, "FeedbackType": "stare"}, "FeedbackType"),
    ],
)
def test_an_unknown_verb_is_rejected_with_those_that_are_known(payload: object, field: str) -> None:
    outcome = rejected(payload)
    assert outcome.field == field
    assert "'stare' is unknown; use one of: view, click" in outcome.reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"user_query": "mug", "query_id": "q", "client_id": "v"}, "search"),
        ({**UBI, "action_name": "on_search"}, "search"),
        ({**UBI, "action_name": "login", "event_attributes": {}}, "navigation"),
        (
            {**UBI, "event_attributes": {"object": {"object_id": "1", "object_id_type": "post"}}},
            "other_object",
        ),
        ({"eventType": "shopping-cart-page-view", "visitorId": "v"}, "page_view"),
        ({"eventType": "promotion-offered", "visitorId": "v"}, "promotion"),
        ({**ALGOLIA, "eventType": "view", "objectIDs": ["p", "r"], "positions": []}, "impression"),
        ({**METARANK, "event": "ranking", "session": "s"}, "impression"),
        ({"ItemId": "p", "Labels": []}, "metadata"),
    ],
)
def test_what_is_no_interaction_is_skipped_by_its_reason(payload: object, reason: str) -> None:
    assert only(payload) == Skipped(reason)


# Positions and amounts


def test_a_click_at_position_0_comes_from_a_sender_that_counts_from_0() -> None:
    ubi = {**UBI, "event_attributes": {"object": {"object_id": "p"}, "position": {"ordinal": 0}}}
    outcome = rejected(ubi)
    assert outcome.field == "event_attributes.position.ordinal" and "from 1" in outcome.reason
    assert rejected({**ALGOLIA, "positions": [0]}).field == "positions[0]"
    assert event({**ubi, "action_name": "purchase"}).products[0].position == 0


def test_lists_that_belong_together_are_equally_long() -> None:
    outcome = rejected({**ALGOLIA, "positions": [1, 2]})
    assert (outcome.field, outcome.reason) == ("positions", "has 2 for 1 objectIDs; send one for each")
    assert rejected({**ALGOLIA, "objectData": [{}, {}]}).field == "objectData"


def test_a_currency_is_three_letters_in_any_case() -> None:
    assert event({**ALGOLIA, "currency": "eur"}).products[0].currency_code == "EUR"
    assert rejected({**ALGOLIA, "currency": "euro"}).field == "currency"


def test_a_number_may_be_an_id() -> None:
    payload = {**UBI, "event_attributes": {"object": {"object_id": 4711}}}
    assert event(payload).products[0].product_id == "4711"


def test_an_order_of_several_searches_is_an_event_for_each() -> None:
    order = {
        "eventType": "conversion",
        "eventSubtype": "purchase",
        "eventName": "Bought",
        "index": "i",
        "userToken": "v",
        "queryID": "q0",
        "objectIDs": ["a", "b", "c", "d"],
        "objectData": [{"queryID": "q1"}, {"quantity": 2}, {"queryID": "q1"}, {"queryID": "q2"}],
        "value": 80,
    }
    events = [each for each in read(order) if isinstance(each, UserEvent)]
    found = [(each.query_id, [product.product_id for product in each.products]) for each in events]
    assert found == [("q1", ["a", "c"]), ("q0", ["b"]), ("q2", ["d"])]
    assert len({each.event_id for each in events}) == 3
    assert events[1].products[0].quantity == 2
    assert not any(each.attributes for each in events)  # the total is of none of them


@pytest.mark.parametrize(
    ("name", "action"), [("Product Added To Wishlist", "wishlist"), ("Order Completed", "purchase")]
)
def test_the_name_of_a_conversion_without_a_subtype_may_say_what_it_is(name: str, action: str) -> None:
    assert event({**ALGOLIA, "eventType": "conversion", "eventName": name}).action == action
    assert rejected({**ALGOLIA, "eventType": "conversion", "eventName": "Signed Up"}).field == "eventSubtype"


# Ids


def test_an_id_does_not_depend_on_the_order_of_fields_and_does_on_their_values() -> None:
    turned = dict(reversed(UBI.items()))
    assert event(UBI).event_id == event(turned).event_id != event({**UBI, "client_id": "w"}).event_id
    assert event(METARANK).event_id == "m1"


def test_the_place_of_a_payload_tells_it_apart_only_if_it_has_no_time() -> None:
    def ids(payload: Mapping[str, object]) -> set[str]:
        found = [each for place in ("a", "b") for each in read(payload, place=place)]
        return {each.event_id for each in found if isinstance(each, UserEvent)}

    assert len(ids(UBI)) == 2
    assert len({each.event_id for each in read([UBI, UBI], place="a") if isinstance(each, UserEvent)}) == 2
    assert len(ids({**UBI, "timestamp": 1732440600})) == len(ids(METARANK)) == 1


def test_a_shopper_is_named_by_what_there_is() -> None:
    assert event({**UBI, "client_id": "", "user_id": "u"}).visitor_id == "u"
    assert event({**METARANK, "user": None, "session": "s"}).visitor_id == "s"
    assert rejected({**UBI, "client_id": None}).field == "client_id"
    assert rejected({**METARANK, "user": None}).field == "session"


# Bodies


def test_events_in_bodies_and_lists_are_named_by_their_place() -> None:
    bad = {**ALGOLIA, "objectIDs": ["p", 1.5], "positions": []}
    outcomes = list(read({"events": [ALGOLIA, bad, "x"]}))
    assert [type(each) for each in outcomes] == [UserEvent, Rejected, Rejected]
    fields = [each.field for each in outcomes if isinstance(each, Rejected)]
    assert fields == ["events[1].objectIDs[1]", "events[2]"]
    body = {"inputConfig": {"userEventInlineSource": {"userEvents": [RETAIL]}}}
    assert event(body) == event([RETAIL]) == event(RETAIL)
    assert event({"_index": "ubi_events", "_id": "1", "_source": UBI}) == event(UBI)
