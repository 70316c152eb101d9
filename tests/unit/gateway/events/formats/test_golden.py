"""One shopper's story, as each system tells it: a search, a click at position 3, a view, a cart, an order.

The files are written for these tests, in the shape that each system documents.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from aisle.v1.events_pb2 import UserEvent
from cli.files.event_file import SkippedEvent, UnreadEvent, read_events
from services.gateway.events import event_validation
from services.gateway.events.formats.event_format import EventFormat

PAYLOADS = Path(__file__).parent / "payloads"
FILES = {path.stem: path for path in sorted(PAYLOADS.iterdir())}
Story = list[dict[str, Any]]


def story() -> Story:
    """As JSON with our names, without ids of events."""
    shopper = {
        "visitor_id": "v-7f3",
        "user_id": "u-42",
        "session_id": "s-9",
        "query_id": "q-mugs",
    }
    mug = {"product_id": "p-mug"}
    amount = {**mug, "quantity": 2, "price": 12.5, "currency_code": "EUR"}
    acts = {
        "click": {**mug, "position": 3},
        "view": mug,
        "add_to_cart": amount,
        "purchase": amount,
    }
    return [
        {**shopper, "action": action, "event_time": f"2024-11-24T09:30:{at}0.250Z", "products": [product]}
        for at, (action, product) in enumerate(acts.items())
    ]


def without(events: Story, *names: str) -> Story:
    return [{name: value for name, value in event.items() if name not in names} for event in events]


def as_ubi_says_it() -> Story:
    return story()


def as_google_retail_says_it() -> Story:
    """A click is the view that it leads to; an order has a number, a total and experiments."""
    events = story()[1:]
    events[2]["attributes"] = {
        "order_id": {"text": ["o-17"]},
        "revenue": {"numbers": [29.9]},
        "experiment_ids": {"text": ["e-blue"]},
    }
    return events


def as_algolia_says_it() -> Story:
    """It has no sessions."""
    return without(story(), "session_id")


def as_metarank_says_it() -> Story:
    """It has one id of a shopper."""
    return [{**event, "visitor_id": "u-42"} for event in story()]


def as_gorse_says_it() -> Story:
    """It has neither sessions nor searches, and no price."""
    events = [{**event, "visitor_id": "u-42"} for event in without(story(), "session_id", "query_id")]
    for event in events:
        event["products"] = without(event["products"], "position", "price", "currency_code")
    return events


EXPECTED = {
    "ubi": as_ubi_says_it,
    "google-retail": as_google_retail_says_it,
    "algolia": as_algolia_says_it,
    "metarank": as_metarank_says_it,
    "gorse": as_gorse_says_it,
}
SKIPPED = {
    "ubi": {"search": 1, "impression": 1},
    "google-retail": {"page_view": 1, "search": 1},
    "algolia": {"impression": 1, "filters": 1},
    "metarank": {"metadata": 2, "impression": 1},
    "gorse": {"metadata": 1},
}


def as_json(event: UserEvent) -> dict[str, Any]:
    told: dict[str, Any] = MessageToDict(event, preserving_proto_field_name=True)
    del told["event_id"]
    return told


def events_of(name: str, format_name: str = "") -> list[UserEvent]:
    return [entry[1] for entry in read_events(FILES[name], format_name) if isinstance(entry, tuple)]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_same_story_becomes_the_same_events_whoever_tells_it(name: str) -> None:
    found: list[EventFormat] = []
    entries = list(read_events(FILES[name], found=found.append))
    assert [each.name for each in found] == [name]
    assert [entry for entry in entries if isinstance(entry, UnreadEvent)] == []
    assert [as_json(entry[1]) for entry in entries if isinstance(entry, tuple)] == EXPECTED[name]()
    skipped = Counter(entry.reason for entry in entries if isinstance(entry, SkippedEvent))
    assert skipped == SKIPPED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_event_is_one_that_the_gateway_takes_under_an_id_that_stays(name: str) -> None:
    events = events_of(name)
    assert [event_validation.fault(event) for event in events] == [None] * len(events)
    ids = [event.event_id for event in events]
    assert len(set(ids)) == len(ids)
    assert ids == [event.event_id for event in events_of(name, name)]


def test_every_schema_has_a_story() -> None:
    assert set(FILES) == set(EXPECTED) == set(SKIPPED)
