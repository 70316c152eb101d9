"""When something happened, in all the ways that systems say it."""

import pytest

from tests.unit.gateway.events.formats.samples import ALGOLIA, GORSE, PAYLOADS, RETAIL, event, rejected


@pytest.mark.parametrize(
    "timestamp",
    [
        1732440600250,
        1732440600250.0,
        "1732440600250",
        1732440600.25,
        "1732440600.25",
        "2024-11-24T09:30:00.250Z",
        "2024-11-24T09:30:00.250",
        "2024-11-24t09:30:00.250z",
        "2024-11-24 10:30:00.250000+01:00",
        "2024-11-24T09:30:00.250000999Z",
    ],
)
@pytest.mark.parametrize("name", ["ubi", "algolia", "metarank"])
def test_seconds_milliseconds_and_iso_8601_are_one_time(name: str, timestamp: object) -> None:
    found = event({**PAYLOADS[name], "timestamp": timestamp})
    assert found.event_time.ToMilliseconds() == 1732440600250


@pytest.mark.parametrize(
    "timestamp",
    [
        20241124,  # a date
        "20241124",
        0,
        -5,
        1e300,
        1 << 200,
        float("nan"),
        float("inf"),
        True,
        [1732440600250],
        "yesterday",
        "1960-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "2024-11-24T25:00:00Z",
        "9" * 10_000,
        "2024-11-24\x00",
    ],
)
def test_what_is_no_time_is_rejected_with_the_senders_name(timestamp: object) -> None:
    outcome = rejected({**ALGOLIA, "timestamp": timestamp})
    assert outcome.field == "timestamp"
    assert "2026-11-24T09:30:00Z" in outcome.reason


def test_a_time_in_the_future_is_named_as_the_sender_names_it() -> None:
    assert rejected({**RETAIL, "eventTime": "9000-01-01T00:00:00Z"}).field == "eventTime"
    assert rejected({**GORSE, "Timestamp": "9000-01-01"}).field == "Timestamp"
