"""What may be recommended: in stock, meeting the filters, one of a family, nothing that is
excluded.
"""

import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.retrieval.filters import AnyOf, Filter
from services.retrieval.live import LiveSnapshot
from services.retrieval.recommending import Recommendable, Wanted, recommendable
from services.retrieval.snapshots import Snapshot
from shared.catalog.fields import NEWEST
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from tests.unit.retrieval.catalog_history import ENCODER, History
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot, write_snapshot

NOW = time.time()
RED = Filter("tags", AnyOf(("red",)))
PRODUCTS: st.SearchStrategy[list[dict[str, object]]] = st.lists(
    st.builds(
        dict,
        tags=st.sampled_from([["red"], ["blue"], []]),
        availability=st.sampled_from(["in_stock", "out_of_stock", ""]),
        available_quantity=st.sampled_from([None, 0, 3]),
        expire_time=st.sampled_from([None, NOW - 60, NOW + 3_600]),
        publish_time=st.sampled_from([None, NOW - 60, NOW + 3_600]),
        family=st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


def product(number: int, traits: dict[str, object]) -> Product:
    family = traits.pop("family")
    given = {name: value for name, value in traits.items() if value not in (None, "")}
    primary = f"p{family}" if family != number and number > 3 else ""
    return Product(f"p{number}", f"Lamp {number}", primary_product_id=primary, **given)  # type: ignore[arg-type]


def ids(snapshot: Snapshot, found: Recommendable) -> list[str]:
    return snapshot.products.product_ids(found.rows)


def may_be_shown(each: Product, filtered: bool) -> bool:
    in_stock = each.availability != "out_of_stock" and each.available_quantity != 0
    lasts = each.expire_time is None or each.expire_time > NOW
    is_out = each.publish_time is None or each.publish_time <= NOW
    return in_stock and lasts and is_out and (not filtered or "red" in each.tags)


def check_only_what_may_be_shown(
    products: list[Product], excluded: set[int], filtered: bool, limit: int, found: list[str]
) -> None:
    by_id = {each.product_id: each for each in products}
    family = {each.product_id: each.primary_product_id or each.product_id for each in products}
    out = {f"p{number}" for number in excluded}
    out |= {family[each] for each in out if each in family}
    assert all(may_be_shown(by_id[each], filtered) for each in found)
    assert all(each not in out and family[each] not in out for each in found)
    assert len({family[each] for each in found}) == len(found) <= limit
    possible = {
        family[each.product_id]
        for each in products
        if may_be_shown(each, filtered) and each.product_id not in out and family[each.product_id] not in out
    }
    assert len(found) == min(limit, len(possible))  # never fewer than there are


@settings(max_examples=40, deadline=None)
@given(
    traits=PRODUCTS,
    proposed=st.lists(st.integers(0, 14), max_size=6, unique=True),
    excluded=st.sets(st.integers(0, 12), max_size=3),
    filtered=st.booleans(),
    limit=st.integers(1, 12),
)
def test_only_what_may_be_shown_is(  # noqa: PLR0913 - a shop and a request
    tmp_path_factory: pytest.TempPathFactory,
    traits: list[dict[str, object]],
    proposed: list[int],
    excluded: set[int],
    filtered: bool,
    limit: int,
) -> None:
    products = [product(number, dict(each)) for number, each in enumerate(traits)]
    snapshot = Snapshot.open(write_snapshot(tmp_path_factory.mktemp("shop"), products, encoder=ENCODER))
    wanted = Wanted(
        product_ids=[f"p{number}" for number in proposed],
        near_product_ids=["p0"],
        near_weights=[1.0],
        near_limit=2,
        limit=limit,
        filters=(RED,) if filtered else (),
        exclude_product_ids=[f"p{number}" for number in excluded],
    )
    found = ids(snapshot, recommendable(snapshot, wanted))
    check_only_what_may_be_shown(products, excluded, filtered, limit, found)


def test_proposed_products_come_first_then_near_ones_then_the_popular(open_snapshot: OpenSnapshot) -> None:
    products = [
        Product(f"p{number}", f"Lamp {number}", rating_average=4.0, rating_count=number)
        for number in range(6)
    ]
    vectors = np.zeros((6, 8), np.float32)
    vectors[:, 0] = 1.0
    vectors[[0, 4], :2] = (0.0, 1.0)
    snapshot = open_snapshot(products, vectors)
    wanted = Wanted(
        ["p2"], 6, near_product_ids=["p0"], near_weights=[1.0], near_limit=1, exclude_product_ids=["p0"]
    )
    found = recommendable(snapshot, wanted)
    assert ids(snapshot, found) == ["p2", "p4", "p5", "p3", "p1"]
    assert (found.proposed_count, found.near_count) == (1, 1)
    assert found.dense_scores.tolist() == pytest.approx([0, 1, 0, 0, 0], abs=1e-3)


def test_without_filling_up_only_proposed_products_are_found(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot([Product("p0", "Lamp"), Product("p1", "Chair")])
    found = recommendable(snapshot, Wanted(["p1", "gone"], 10, fill=False))
    assert ids(snapshot, found) == ["p1"]


def test_new_arrivals_are_filled_up_by_when_they_were_published(open_snapshot: OpenSnapshot) -> None:
    products = [Product(f"p{day}", "Lamp", publish_time=NOW - day * 86_400) for day in (3, 1, 2)]
    snapshot = open_snapshot(products)
    found = recommendable(snapshot, Wanted([], 3, order_by=NEWEST))
    assert ids(snapshot, found) == ["p1", "p2", "p3"]


def test_a_product_that_was_just_written_leads_to_others_and_one_that_was_deleted_is_gone(
    tmp_path: Path,
) -> None:
    folder = write_snapshot(
        tmp_path / "data", [Product("p0", "Lamp"), Product("p1", "Chair")], encoder=ENCODER
    )
    live = LiveSnapshot(folder, tmp_path / "private")
    history = History(random.Random(1))
    live.apply([history.write(Product("new", "Lamp")), history.write(None, "p1")])
    wanted = Wanted(
        ["p1"], 5, near_product_ids=["new"], near_weights=[1.0], near_limit=5, exclude_product_ids=["new"]
    )
    assert ids(live.state, recommendable(live.state, wanted)) == ["p0"]


def test_a_long_family_of_variants_does_not_hide_what_follows(open_snapshot: OpenSnapshot) -> None:
    liked = [
        Product(
            f"v{size}", "Shoe", primary_product_id="v0" if size else "", rating_average=5.0, rating_count=9
        )
        for size in range(30)
    ]
    snapshot = open_snapshot([*liked, Product("p0", "Lamp"), Product("p1", "Chair")])
    assert ids(snapshot, recommendable(snapshot, Wanted([], 3))) == ["v0", "p0", "p1"]


def test_an_unknown_order_is_refused(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot([Product("p0", "Lamp")])
    with pytest.raises(InvalidRequest, match="order_by"):
        recommendable(snapshot, Wanted([], 1, order_by="best"))
