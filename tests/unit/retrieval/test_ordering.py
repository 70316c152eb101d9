"""Orders by any field: what is first among equals, and what prices of several currencies do."""

import json
import time
from dataclasses import replace

import pytest

from services.retrieval.filters import AnyOf, Filter
from services.retrieval.orders import MergedOrders, Orders
from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.snapshot.columns import Columns
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot, WriteSnapshot

PRODUCTS = [
    Product(
        "gone",
        "Felt hat",
        price=20.0,
        availability="out_of_stock",
        rating_average=5.0,
        rating_count=9,
    ),
    Product("felt", "Felt hat", price=20.0, currency_code="", attributes={"brim": (6.0, 9.0)}),
    Product("none-left", "Felt hat", price=20.0, available_quantity=0),
    Product(
        "straw",
        "straw hat",
        price=20.0,
        rating_average=4.0,
        rating_count=3,
        attributes={"brim": (8.0,)},
    ),
    Product("beret", "Béret", price=15.0, attributes={"brim": ("no",)}),
    Product("cap", "Cap", publish_time=time.time() + 3_600),
]


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    return open_shared_snapshot(PRODUCTS)


def ids(snapshot: Snapshot, order_by: str, query: str = "", currency: str = "", limit: int = 9) -> list[str]:
    request = Request(query, None, order_by=order_by, currency_code=currency, limit=limit, tier=LEXICAL)
    return snapshot.products.product_ids(Retriever().retrieve(snapshot, request).rows)


def test_of_equal_prices_the_one_in_stock_is_first_then_the_popular_one(
    snapshot: Snapshot,
) -> None:
    assert ids(snapshot, "price asc") == ["beret", "straw", "felt", "gone", "none-left", "cap"]
    assert ids(snapshot, "price asc", limit=2) == ["beret", "straw"]


def test_of_equal_prices_the_more_relevant_is_first_when_there_is_a_query(
    snapshot: Snapshot,
) -> None:
    assert ids(snapshot, "price asc", "felt hat")[:3] == ["felt", "gone", "none-left"]
    assert ids(snapshot, "price desc", "hat")[-1] == "none-left"


def test_browsing_shows_equal_products_in_stock_first(open_snapshot: OpenSnapshot) -> None:
    products = [
        Product("a", "Hat", availability="out_of_stock"),
        Product("b", "Hat"),
        Product("c", "Hat"),
    ]
    assert ids(open_snapshot(products), "") == ["b", "c", "a"]


def test_texts_are_sorted_without_regard_to_case(snapshot: Snapshot) -> None:
    assert ids(snapshot, "title asc") == ["beret", "cap", "felt", "gone", "none-left", "straw"]
    assert ids(snapshot, "title desc")[:2] == ["straw", "felt"]


def test_of_several_values_the_first_in_the_order_counts_and_numbers_come_first(
    snapshot: Snapshot,
) -> None:
    assert ids(snapshot, "attributes.brim asc", limit=3) == ["felt", "straw", "beret"]
    assert ids(snapshot, "attributes.brim desc", limit=3) == ["felt", "straw", "beret"]


def test_an_order_by_an_attribute_that_no_product_has_is_noted(snapshot: Snapshot) -> None:
    found = Retriever().retrieve(snapshot, Request(order_by="attributes.brimm asc"))
    assert len(found.rows) == len(PRODUCTS)
    assert found.notes[0].startswith("order_by: no product has 'attributes.brimm'; did you mean")


@pytest.mark.parametrize("order_by", ["newest", "publish_time asc"])
def test_orders_by_publication_leave_out_what_is_not_published_yet(snapshot: Snapshot, order_by: str) -> None:
    assert "cap" not in ids(snapshot, order_by) and "cap" in ids(snapshot, "price asc")


MONEY = [
    Product("e1", "Hat", price=9.0, currency_code="EUR"),
    Product("e2", "Hat", price=30.0, currency_code="EUR"),
    Product("d1", "Hat", price=1.0, currency_code="USD"),
    Product("d2", "Hat", price=70.0, currency_code="USD"),
    Product("d3", "Hat", price=8.0, currency_code="USD"),
    Product("bare", "Hat", price=5.0),
    Product("free", "Hat"),
]


@pytest.fixture(scope="module")
def money(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    return open_shared_snapshot(MONEY)


@pytest.mark.parametrize(
    ("order_by", "currency", "first"),
    [
        ("price asc", "", ["d1", "d3", "d2", "e1", "e2", "bare", "free"]),
        ("price asc", "EUR", ["e1", "e2", "d1", "d3", "d2", "bare", "free"]),
        ("price desc", "EUR", ["e2", "e1", "d2", "d3", "d1", "bare", "free"]),
        ("price asc", "-", ["bare", "d1", "d3", "d2", "e1", "e2", "free"]),
        ("price asc", "CHF", ["d1", "d3", "d2", "e1", "e2", "bare", "free"]),
    ],
)
@pytest.mark.parametrize("query", ["", "hat"])
def test_prices_of_different_currencies_are_not_compared(
    money: Snapshot, order_by: str, currency: str, first: list[str], query: str
) -> None:
    for limit in (1, 4, 9):
        assert ids(money, order_by, query, currency, limit) == first[:limit]


def test_a_note_counts_the_currencies_of_the_match_set(money: Snapshot) -> None:
    found = Retriever().retrieve(money, Request(order_by="price asc"))
    assert found.notes == (
        "order_by: price is in USD (3), EUR (2), - (1); the first is shown first, each by itself; "
        "set currency_code for another",
    )
    euros = (Filter("currency_code", AnyOf(("eur",))),)
    assert Retriever().retrieve(money, Request(order_by="price asc", filters=euros)).notes == ()
    assert Retriever().retrieve(money, Request(order_by="rating desc")).notes == ()


def test_a_snapshot_of_an_earlier_version_has_no_titles_to_sort_by_and_says_so(
    write_snapshot: WriteSnapshot,
) -> None:
    folder = write_snapshot([Product("b", "Hat B"), Product("a", "Hat A")])
    snapshot = Snapshot.open(folder)
    listing = folder / "columns" / "columns.json"
    content = json.loads(listing.read_text())
    del content["text"]["title"]
    listing.write_text(json.dumps(content))
    columns = Columns.open(folder / "columns")
    orders = MergedOrders((Orders(columns, columns.values),))
    older = replace(snapshot, columns=columns, orders=orders)
    found = Retriever().retrieve(older, Request(order_by="title asc"))
    assert older.products.product_ids(found.rows) == ["b", "a"]
    assert found.notes[0].startswith("order_by: no product has 'title'; if products have it,")
