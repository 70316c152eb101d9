import json

from hypothesis import given

from cli.files.catalog_row import row_of
from shared.catalog.product import Product
from shared.catalog.rows import product_of
from shared.catalog.validation import violations
from shared.catalog.wire import from_bytes, to_bytes
from tests.unit.catalog.test_product_message import products


@given(products())
def test_what_is_written_is_read_as_the_same_product(product: Product) -> None:
    stored = from_bytes(to_bytes(product))
    again = product_of(json.loads(json.dumps(row_of(stored))))
    assert violations(again) == violations(stored)
    assert to_bytes(again) == to_bytes(stored)


def test_a_row_has_the_names_of_a_catalogue_file_and_nothing_that_is_absent() -> None:
    product = Product(
        product_id="p1",
        title="Lamp",
        price=19.9,
        currency_code="EUR",
        availability="out_of_stock",
        available_quantity=0,
        attributes={"color": ("red",), "watts": (4.5,)},
        publish_time=1_795_485_600.0,
    )
    assert row_of(product) == {
        "product_id": "p1",
        "title": "Lamp",
        "available_quantity": 0,
        "availability": "out_of_stock",
        "publish_time": "2026-11-24T02:00:00Z",
        "price": {"amount": 19.9, "currency_code": "EUR"},
        "attributes": {"color": ["red"], "watts": [4.5]},
    }


def test_a_time_that_no_calendar_has_is_written_in_seconds() -> None:
    assert row_of(Product("p1", "Lamp", expire_time=1e15))["expire_time"] == 1e15
