"""Times as exports write them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.catalog.mending.row import read_leniently
from shared.catalog.product import Product


def _seconds(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]


def _read(**fields: Any) -> float | None:
    outcome = read_leniently({"product_id": "p1", "title": "Kettle", **fields}).outcome
    assert isinstance(outcome, Product)
    return outcome.publish_time


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (1700000000000, 1700000000.0),
        ("1700000000000", 1700000000.0),
        (1700000000000000, 1700000000.0),
        ("1700000000", 1700000000.0),
        ("13/01/2024", _seconds(2024, 1, 13)),
        ("01/13/2024", _seconds(2024, 1, 13)),
        ("05.01.2024", _seconds(2024, 1, 5)),
        ("2024/01/05", _seconds(2024, 1, 5)),
        ("05/05/2024 10:30", _seconds(2024, 5, 5, 10, 30)),
        ("5 Jan 2024", _seconds(2024, 1, 5)),
        ("January 5th, 2024", _seconds(2024, 1, 5)),
        ("2024-01-05 10:00:00 UTC", _seconds(2024, 1, 5, 10)),
        ("Fri, 05 Jan 2024 10:00:00 GMT", _seconds(2024, 1, 5, 10)),
        ({"seconds": 1700000000}, 1700000000.0),
        ("05/01/2024", None),
        ("0000-00-00", None),
        ("0000-00-00 00:00:00", None),
        ("2024-02-30", None),
        ("next week", None),
        ("2024", None),
        (10**400, None),
    ],
)
def test_a_time_that_two_countries_read_alike_is_read(said: Any, seconds: float | None) -> None:
    assert _read(publish_time=said) == seconds


@pytest.mark.parametrize("said", [1, 1700000000, 253402300799, "2026-01-02"])
def test_a_time_that_was_read_before_is_read_as_before(said: Any) -> None:
    assert read_leniently({"product_id": "p1", "title": "Kettle", "expire_time": said}).mendings == ()
