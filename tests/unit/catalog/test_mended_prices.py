"""Prices as exports write them."""

from typing import Any

import pytest

from shared.catalog.product import Product
from tests.unit.catalog.lenient_rows import NAN, product_of, read


@pytest.mark.parametrize(
    ("said", "price", "currency"),
    [
        ("1,299.00", 1299.0, ""),
        ("1.299,00", 1299.0, ""),
        ("1 299,50", 1299.5, ""),
        ("1'299.50", 1299.5, ""),
        ("12,345,678", 12345678.0, ""),
        ("19,99", 19.99, ""),
        ("105.29 USD", 105.29, "USD"),
        ("USD 105.29", 105.29, "USD"),
        ("19,99 €", 19.99, "EUR"),
        ("£1,050.00", 1050.0, "GBP"),
        ("$19.99", 19.99, ""),
        ("US$ 19.99", 19.99, "USD"),
        ("0,5", 0.5, ""),
        ({"amount": "19,99", "currency_code": "eur"}, 19.99, "EUR"),
        ({"value": 12, "currency": "CHF"}, 12.0, "CHF"),
        ([49.5], 49.5, ""),
        ("€ 1.299,-", 1299.0, "EUR"),
        ("49,\u2013 €", 49.0, "EUR"),
        ("CHF 1'250.-", 1250.0, "CHF"),
        ("₹ 1,49,999.00", 149999.0, "INR"),
        ("₹12,34,567", 1234567.0, "INR"),
        ("¥1,200", 1200.0, ""),
        ("₩ 35,000", 35000.0, "KRW"),
    ],
)
def test_a_price_that_says_one_thing_is_read(said: Any, price: float, currency: str) -> None:
    product = product_of(price=said)
    assert (product.price, product.currency_code) == (price, currency)


@pytest.mark.parametrize(
    "said",
    [
        "1,299",
        "1.2.3",
        "from 19.99",
        "19.99 - 29.99",
        "€1,200",
        "1,-2",
        "free",
        "-5",
        NAN,
        "NaN",
        "inf",
        1e300,
        True,
        [1, 2],
        "19,99 ₿₿",
    ],
)
def test_a_price_that_could_mean_two_things_is_left_out(said: Any) -> None:
    reading = read(price=said)
    assert isinstance(reading.outcome, Product)
    assert reading.outcome.price is None
    assert [(each.field, each.action) for each in reading.mendings] == [("price.amount", "left out")]


def test_a_price_whose_currency_contradicts_the_rows_is_left_out() -> None:
    product = product_of(price="105.29 USD", currency="EUR")
    assert (product.price, product.currency_code) == (None, "EUR")


def test_a_member_of_a_price_that_nothing_reads_is_reported() -> None:
    reading = read(price={"amount": 5, "min": 3})
    assert [(each.field, each.action) for each in reading.mendings] == [("price.min", "left out")]
