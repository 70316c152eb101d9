"""What is said of a product that is not in a ranked window is true."""

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.retrieval.absences import Absence, Accounts, Reason
from services.retrieval.filters import AnyOf, Between, Filter
from services.retrieval.live import LiveSnapshot
from services.retrieval.narrowing import Limits
from services.retrieval.request import DENSE, FUSED, LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.snapshot.change import Change
from shared.snapshot.variants import VariantsWriter
from tests.unit.retrieval.catalog_history import ENCODER
from tests.unit.retrieval.random_shelf import random_filter
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot
from tests.unit.retrieval.test_exactness import ORDERS, Shelf

LATER = time.time() + 86_400
SHOP = [
    Product("lamp", "Red lamp", brands=("Lux",), price=10.0),
    Product("blue", "Blue lamp", brands=("Hob",), price=20.0, tags=("new",)),
    Product("shade", "Shade with lamp", price=5.0),
    Product("mug", "Red mug", price=4.0, description="without handle"),
    Product("soon", "Red lamp", available_time=LATER),
    Product("past", "Red lamp", expire_time=1.0),
    Product("next", "Red lamp", publish_time=LATER),
    Product("shirt", "Shirt", price=30.0, attributes={"size": ("s",)}),
    Product("shirt-m", "Shirt", type="variant", primary_product_id="shirt", attributes={"size": ("m",)}),
    Product("gone", "Lamp"),
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("shop")
    vectors = np.eye(len(SHOP), DIM) + 0.01
    written = write_snapshot(folder, SHOP, vectors, encoder=ENCODER)
    variants = VariantsWriter(written / "products")
    variants.add(SHOP)
    variants.finish()
    live = LiveSnapshot(written, folder / "private")
    live.apply([Change(1, "gone", offset=1)])
    return live.state


def account(snapshot: Snapshot, product_id: str, **wanted: object) -> Absence:
    """With the first two products as the ranked window."""
    request = Request(by_product=True, **wanted)  # type: ignore[arg-type]
    found = Retriever().retrieve(snapshot, replace(request, limit=2))
    window = tuple(snapshot.products.product_ids(found.rows))
    request = replace(request, exclude_product_ids=window)
    return Accounts.of(Retriever(), snapshot, request).account(product_id)


VECTOR = np.eye(1, DIM, dtype=np.float32)[0]


@pytest.mark.parametrize(
    ("product_id", "wanted", "said"),
    [
        ("nobody", {}, Absence(Reason.UNKNOWN)),
        ("gone", {}, Absence(Reason.REMOVED)),
        ("soon", {"query": "lamp"}, Absence(Reason.NOT_YET_AVAILABLE)),
        ("past", {"query": "mug"}, Absence(Reason.EXPIRED)),
        ("next", {"order_by": "newest"}, Absence(Reason.NOT_YET_PUBLISHED)),
        (
            "lamp",
            {
                "filters": (
                    Filter("price", Between(1, 50)),
                    Filter("brands", AnyOf(("hob",))),
                    Filter("tags", AnyOf(("new",))),
                )
            },
            Absence(Reason.FILTERED, filters=(1, 2)),
        ),
        ("blue", {"query": "lamp", "limits": Limits(price=(0, 15))}, Absence(Reason.PRICE)),
        (
            "lamp",
            {"query": "lamp", "limits": Limits(("shade", "red"), (0, 50))},
            Absence(Reason.UNWANTED_WORDS, words=("red",)),
        ),
        (
            "mug",
            {"query": "the red lamp"},
            Absence(Reason.MISSING_WORDS, words=("lamp",), held=("red",)),
        ),
        ("mug", {"query": "lamp"}, Absence(Reason.MISSING_WORDS, words=("lamp",))),
        ("shade", {"query": "lamp", "order_by": "price asc"}, Absence(Reason.OUTSIDE_NAME)),
        ("mug", {"query": "lamp", "tier": DENSE, "vector": VECTOR}, Absence(Reason.NOT_NEAR)),
        ("lamp", {"order_by": "price desc"}, Absence(Reason.OTHER_PAGE, place=1)),
        ("mug", {"order_by": "price desc"}, Absence(Reason.OTHER_PAGE, place=3)),
        (
            "shirt",
            {"query": "shirt", "filters": (Filter("attributes.size", AnyOf(("m",))),)},
            Absence(Reason.FILTERED, filters=(0,), shown_product_id="shirt-m"),
        ),
        (
            "shirt-m",
            {"order_by": "price desc"},
            Absence(Reason.OTHER_VARIANT, shown_product_id="shirt"),
        ),
        (
            "shirt-m",
            {"order_by": "price asc"},
            Absence(Reason.OTHER_VARIANT, shown_product_id="shirt", place=3),
        ),
    ],
)
def test_each_reason_is_given(
    snapshot: Snapshot, product_id: str, wanted: dict[str, object], said: Absence
) -> None:
    assert account(snapshot, product_id, **wanted) == said


@pytest.mark.parametrize("query", ["", "lamp", "oak chair", "table"])
@pytest.mark.parametrize("seed", range(8))
def test_without_what_is_named_the_product_appears(tmp_path: Path, seed: int, query: str) -> None:
    shop = Shelf(tmp_path, seed)
    state = shop.live.state
    rng = random.Random(seed)
    retriever = Retriever(leg_limit=10_000)
    seen = set[Reason]()
    for _ in range(12):
        filters = tuple(random_filter(rng) for _ in range(rng.randint(0, 2)))
        tier = rng.choice((LEXICAL, FUSED))
        request = Request(query, filters=filters, order_by=rng.choice(ORDERS), tier=tier, limit=3)
        try:
            found = retriever.retrieve(state, request)
        except InvalidRequest:  # attributes that may have numbers or texts
            continue
        window = tuple(state.products.product_ids(found.rows))
        everything = [*window]
        if window:
            rest = replace(request, limit=1_000, exclude_product_ids=window)
            everything += state.products.product_ids(retriever.retrieve(state, rest).rows)
        accounts = Accounts.of(retriever, state, replace(request, exclude_product_ids=window))
        for product_id in (f"p{number}" for number in range(50)):
            said = accounts.account(product_id)
            seen.add(said.reason)
            assert (product_id in everything) == (said.reason is Reason.OTHER_PAGE)
            if product_id in everything:
                assert said.place == max(0, everything.index(product_id) - len(window) + 1)
            check(shop, product_id, said, request)
    assert len(seen) >= 4


def check(shop: Shelf, product_id: str, said: Absence, request: Request) -> None:
    """One account, against what a search finds."""
    state = shop.live.state
    products = {each.product_id: each for each in shop.products}
    if said.reason in (Reason.UNKNOWN, Reason.REMOVED):
        assert product_id not in products
    elif said.reason is Reason.FILTERED:
        kept = tuple(each for place, each in enumerate(request.filters) if place not in said.filters)
        others = replace(request, filters=kept)
        accounts = Accounts.of(Retriever(leg_limit=10_000), state, others)
        again = accounts.account(product_id)
        assert again.reason is not Reason.FILTERED
        found = Retriever(leg_limit=10_000).retrieve(state, replace(others, limit=1_000))
        shown = product_id in state.products.product_ids(found.rows)
        assert shown == (again.reason is Reason.OTHER_PAGE)
        for place in said.filters:  # each of them alone leaves it out
            one = Request(filters=(request.filters[place],), limit=1_000)
            found = Retriever().retrieve(state, one)
            assert product_id not in state.products.product_ids(found.rows)
    elif said.reason is Reason.MISSING_WORDS:
        words = products[product_id].title.casefold().split()
        assert not any(word in words for word in said.words)
        assert all(word in words for word in said.held)
