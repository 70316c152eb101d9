"""Pages count, filter, facet and order products; variants are matched one by one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.retrieval.conditions import Between
from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Filter
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.snapshot.variants import VariantsWriter
from tests.unit.retrieval.catalog_history import ENCODER, encoding_of
from tests.unit.retrieval.live_shop import ORDERS
from tests.unit.retrieval.snapshot_on_disk import write_snapshot
from tests.unit.retrieval.variant_shop import FILTERS, VECTOR, VariantShop, agree

QUERIES = ("", "red lamp", "kettle", "blue steel mug")
ASKED = st.tuples(
    st.sampled_from(QUERIES),
    st.sampled_from(sorted(ORDERS)),
    st.integers(0, len(FILTERS) - 1),
    st.booleans(),
    st.integers(1, 7),
)


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(st.sampled_from(["write", "batch", "compact"]), min_size=1, max_size=4),
    asked=st.lists(ASKED, min_size=6, max_size=12),
)
def test_pages_are_as_by_hand(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[str], asked: list[Any]
) -> None:
    shop = VariantShop.open(tmp_path_factory.mktemp("shop"), seed)
    for step in steps:
        if step == "compact":
            shop.compact()
        else:
            shop.write(1 if step == "write" else 9)
        for each in asked:
            agree(shop, *each)


def variant(color: str, size: str, **fields: Any) -> Product:
    return Product(
        f"shirt-{color}-{size}",
        f"Linen shirt, {color}, {size}",
        type="variant",
        primary_product_id="shirt",
        attributes={"color": (color,), "size": (size,)},
        **fields,
    )


SHIRTS = [
    Product("shirt", "Linen shirt", price=30.0, rating_average=5.0, rating_count=9),
    variant("red", "s", price=32.0, availability="out_of_stock"),
    variant("red", "m", price=28.0),
    variant("blue", "s", price=40.0),
    Product("coat", "Linen coat", price=29.0, attributes={"color": ("red",)}),
    Product("scarf-red", "Silk scarf, red", type="variant", primary_product_id="scarf", price=9.0),
    Product("scarf-blue", "Silk scarf, blue", type="variant", primary_product_id="scarf", price=8.0),
]


def opened(folder: Path, products: list[Product]) -> Snapshot:
    vectors = [encoding_of(each).vector for each in products]
    written = write_snapshot(folder, products, vectors, encoder=ENCODER)
    writer = VariantsWriter(written / "products")
    writer.add(products)
    writer.finish()
    return Snapshot.open(written)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return opened(tmp_path_factory.mktemp("shirts"), SHIRTS)


def ids(snapshot: Snapshot, **request: Any) -> list[str]:
    found = Retriever().retrieve(snapshot, Request(**{"by_product": True, **request}))
    return snapshot.products.product_ids(found.rows)


def test_the_variant_that_holds_the_words_is_shown(snapshot: Snapshot) -> None:
    assert ids(snapshot, query="shirt blue")[0] == "shirt-blue-s"
    assert ids(snapshot, query="shirt red m")[0] == "shirt-red-m"


def test_of_variants_that_hold_the_words_one_in_stock_is_shown(snapshot: Snapshot) -> None:
    assert ids(snapshot, query="shirt red")[0] == "shirt-red-m"
    assert ids(snapshot, query="shirt red s")[0] == "shirt-red-s"


def test_filters_are_met_by_the_variant_that_is_shown(snapshot: Snapshot) -> None:
    sized = (Filter("attributes.size", AnyOf(("s",))), Filter("attributes.color", AnyOf(("red",))))
    assert ids(snapshot, filters=sized) == ["shirt-red-s"]


def test_by_price_the_variant_with_the_best_price_is_shown(snapshot: Snapshot) -> None:
    assert ids(snapshot, order_by="price asc") == ["scarf-blue", "shirt-red-m", "coat"]
    assert ids(snapshot, order_by="price desc") == ["shirt-blue-s", "coat", "scarf-red"]


def test_a_value_counts_once_a_product(snapshot: Snapshot) -> None:
    wanted = (FacetRequest("attributes.color", 9), FacetRequest("attributes.size", 9))
    color, size = Retriever().retrieve(snapshot, Request(facets=wanted, by_product=True)).facets
    assert color.values == (("red", 2), ("blue", 1)) and size.values == (("m", 1), ("s", 1))


def test_a_range_counts_products_with_a_number_in_it_once(snapshot: Snapshot) -> None:
    ranges = (Between(25.0, 35.0), Between(0.0, 10.0), Between(50.0, 60.0))
    request = Request(facets=(FacetRequest("price", 9, ranges=ranges),), by_product=True)
    (price,) = Retriever().retrieve(snapshot, request).facets
    assert [count for _, count in price.ranges] == [2, 1, 0]


def test_other_variants_are_counted_and_those_without_a_primary_are_one_product(snapshot: Snapshot) -> None:
    found = Retriever().retrieve(snapshot, Request("linen", by_product=True))
    assert found.total_count == 2
    assert dict(zip(snapshot.products.product_ids(found.rows), found.variant_counts, strict=True)) == {
        "shirt": 3,
        "coat": 0,
    }
    assert Retriever().retrieve(snapshot, Request("scarf", by_product=True)).total_count == 1


def test_one_product_with_very_many_variants_takes_one_place(tmp_path: Path) -> None:
    many = [Product(f"mug-{n}", "Mug", type="variant", primary_product_id="mug") for n in range(900)]
    others = [Product(f"other-{n}", "Mug of clay from the hills") for n in range(5)]
    snapshot = opened(tmp_path, [*many, *others])
    found = Retriever().retrieve(snapshot, Request("mug", VECTOR, by_product=True, limit=10))
    shown = snapshot.products.product_ids(found.rows)
    assert len(shown) == found.total_count == 6 and {f"other-{n}" for n in range(5)} < set(shown)
    assert found.lexical_ranks.max() == 6  # the family is the first of six in its leg


def test_in_a_snapshot_without_families_every_variant_stands_alone(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path, SHIRTS, encoder=ENCODER)  # as before there were such files
    assert len(ids(LiveSnapshot(folder, tmp_path / "private").state)) == len(SHIRTS)
