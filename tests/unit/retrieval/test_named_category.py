"""A query that is a category's name is about what is in it, not about what is called after it."""

from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

BIKES = [
    Product("bell", "Bike Bell", categories=("Sport > Parts",), price=9),
    Product("city", "City Bike with Lights", categories=("Sport > Bikes > City",), price=499),
    Product("race", "Racing Bike", categories=("Sport > Bikes",), price=999),
    Product("loose", "Folding Bike", price=399),
]
PARTS = [Product(f"part-{n}", f"Bike Part {n}", categories=("Sport > Parts",)) for n in range(3)]


def found(snapshot: Snapshot, query: str, order_by: str = "", *as_typed: str) -> list[str]:
    request = Request(query, tier="lexical", order_by=order_by, as_typed=as_typed)
    return snapshot.products.product_ids(Retriever().retrieve(snapshot, request).rows)


def test_what_is_called_after_a_category_comes_later(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot(BIKES)
    assert found(snapshot, "bikes")[-1] == "bell"
    assert found(snapshot, "bikes", "", "category")[-1] != "bell"
    assert found(snapshot, "bike bell")[0] == "bell"


def test_other_orders_leave_it_out(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot(BIKES)
    assert found(snapshot, "bike", "price asc") == ["loose", "city", "race"]
    assert found(snapshot, "bike", "price asc", "category")[0] == "bell"
    assert found(snapshot, "bike bell", "price asc") == ["bell"]


def test_where_most_are_in_other_categories_nothing_changes(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot([*BIKES, *PARTS])
    assert len(found(snapshot, "bike", "price asc")) == len(BIKES) + len(PARTS)
