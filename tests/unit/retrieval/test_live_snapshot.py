"""A snapshot that follows the catalogue answers as one that is made of the catalogue as it is."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.retrieval.live import LiveSnapshot
from services.retrieval.request import DENSE, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.order_by import OrderBy
from shared.catalog.product import Product
from shared.errors import SnapshotGone, Unavailable
from shared.snapshot.change import Change
from tests.unit.retrieval.catalog_history import ENCODER, History, encoding_of
from tests.unit.retrieval.live_shop import STEPS, VECTOR, Shop, answer, go, ids_of
from tests.unit.retrieval.snapshot_on_disk import write_snapshot


@settings(max_examples=2, deadline=None)  # tests/integration has more of them
@given(seed=st.integers(0, 10_000), steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=4))
def test_a_live_snapshot_answers_as_one_that_is_rebuilt(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[str]
) -> None:
    go(Shop(tmp_path_factory.mktemp("shop"), seed), steps)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, seed=1)


def _found(snapshot: Snapshot, query: str) -> list[str]:
    return ids_of(snapshot, Retriever().retrieve(snapshot, Request(query)))


def _matching(snapshot: Snapshot, query: str) -> list[str]:
    """Products that hold enough of the query's words."""
    return snapshot.products.product_ids(np.flatnonzero(snapshot.lexical.search(query).matching()))


def test_a_state_does_not_change_when_the_next_one_comes(shop: Shop) -> None:
    history = shop.history
    shop.live.apply([history.write(Product("new", "Zephyrine lantern"))])
    before = shop.live.state
    said = answer(before, Request("zephyrine lantern", VECTOR), ["brands", "price"])
    shop.live.apply([history.write(None, "new"), *(history.step() for _ in range(40))])
    assert answer(before, Request("zephyrine lantern", VECTOR), ["brands", "price"]) == said
    assert before.products.row("new") is not None and shop.live.state.products.row("new") is None
    assert len(before.products) < len(shop.live.state.products)


def test_ties_are_in_row_order_however_many_commits_the_rows_came_with(tmp_path: Path) -> None:
    """Or two replicas, which refresh at different moments, would show different pages."""
    products = [Product(f"p{number}", "Red lamp") for number in range(10)]
    folder = write_snapshot(tmp_path / "data", products[:3], encoder=ENCODER)
    for name, size in (("often", 1), ("seldom", 7)):
        live = LiveSnapshot(folder, tmp_path / name)
        history = History(random.Random(1))
        changes = [history.write(product) for product in products[3:]]
        for start in range(0, len(changes), size):
            live.apply(changes[start : start + size])
        assert _found(live.state, "red lamp") == [product.product_id for product in products]


def test_a_product_that_is_written_again_keeps_its_place_among_equals(tmp_path: Path) -> None:
    """Or it would be on a page again that comes after the write."""
    products = [Product(f"p{number}", "Red lamp", price=float(number % 2)) for number in range(10)]
    folder = write_snapshot(tmp_path / "data", products[:5], encoder=ENCODER)
    live = LiveSnapshot(folder, tmp_path / "private")
    history = History(random.Random(1))
    live.apply([history.write(product) for product in products[5:]])
    orders = ("", "price asc", "newest")
    before = [ids_of(live.state, Retriever().retrieve(live.state, Request(order_by=each))) for each in orders]
    again = [replace(products[place], available_quantity=3) for place in (6, 2, 0, 9, 2)]
    live.apply([history.write(product) for product in again])
    for order_by, ids in zip(orders, before, strict=True):
        assert ids_of(live.state, Retriever().retrieve(live.state, Request(order_by=order_by))) == ids
    first = Retriever().retrieve(live.state, Request(limit=3))
    assert ids_of(live.state, first) == before[0][:3]


def test_following_writes_nothing_into_the_snapshots_folder(tmp_path: Path) -> None:
    """The folder may be on a read-only file system."""
    folder = write_snapshot(tmp_path / "data", [Product("a", "Red lamp")], encoder=ENCODER)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    live = LiveSnapshot(folder, tmp_path / "private")
    live.apply([History(random.Random(1)).write(Product("new", "Zephyrine lantern"))])
    assert _matching(live.state, "lantern") == ["new"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_what_was_found_can_be_fetched_after_it_was_replaced(shop: Shop) -> None:
    shop.live.apply([shop.history.write(Product("new", "Zephyrine lantern"))])
    before = shop.live.state
    row = before.products.row("new")
    assert row is not None
    wire = before.rows.to_wire(np.array([row]))
    written = shop.history.write(Product("new", "Zephyrine lamp"))
    shop.live.apply([written, shop.history.write(None, "new")])
    after = shop.live.state
    assert after.products.product(int(after.rows.held(wire)[0])).title == "Zephyrine lantern"


def test_a_row_of_the_future_has_not_arrived_yet(shop: Shop) -> None:
    now = shop.live.state
    with pytest.raises(Unavailable, match="has not arrived at this replica yet"):
        now.rows.held(np.array([len(now.products)]))


def test_a_row_that_the_log_has_lost_calls_for_another_page(shop: Shop) -> None:
    first = shop.history.write(Product("new", "Lantern"))
    _ = shop.history.write(Product("new", "Lamp"))
    # The two before were compacted away
    shop.live.apply([shop.history.write(Product("new", "Torch"))])
    wire = len(shop.live.state.products) - 1 + first.offset - shop.live.state.rows.vectors_position - 1
    with pytest.raises(SnapshotGone, match="has been replaced"):
        shop.live.state.rows.held(np.array([wire]))


def test_spelling_is_corrected_from_words_that_came_and_not_from_words_that_went(
    shop: Shop,
) -> None:
    history = shop.history
    shop.live.apply([history.write(Product("new", "Quixotic banjo"))])
    assert shop.live.state.spelling.correct("quixotik banjjo") == "quixotic banjo"
    shop.live.apply([history.write(None, "new")])
    assert shop.live.state.spelling.correct("quixotik banjjo") == "quixotik banjjo"


def test_a_word_of_removed_products_is_not_required(shop: Shop) -> None:
    history = shop.history
    products = (Product("a", "Quixotic banjo"), Product("b", "Banjo"))
    shop.live.apply([history.write(each) for each in products])
    assert _matching(shop.live.state, "quixotic banjo") == ["a"]
    shop.live.apply([history.write(None, "a")])
    assert _matching(shop.live.state, "quixotic banjo") == ["b"]


def test_a_product_without_an_encoding_is_found_by_words_alone(shop: Shop) -> None:
    change = replace(shop.history.write(Product("new", "Zephyrine lantern")), encodings={})
    shop.live.apply([change])
    state = shop.live.state
    assert "new" in _found(state, "zephyrine lantern")
    near = Retriever().retrieve(state, Request("zephyrine lantern", VECTOR, tier=DENSE))
    assert "new" not in ids_of(state, near) or near.dense_scores[ids_of(state, near).index("new")] == 0


def test_a_position_alone_moves_the_position_alone(shop: Shop) -> None:
    before = shop.live.state
    shop.history.offset += 1
    shop.live.apply([Change(99, offset=shop.history.offset)])
    after = shop.live.state
    assert (after.log_position, after.rows.position) == (99, shop.history.offset)
    assert after.lexical is before.lexical and after.products is before.products


def test_changes_over_another_lineage_do_not_say_what_is_shown(shop: Shop) -> None:
    """They show their products.

    Whether nothing else has changed, only the indexer of this lineage knows.
    """
    before = shop.live.state
    written = shop.history.write(Product("new", "Zephyrine lantern"))
    shop.live.apply([replace(written, lineage="another")])
    after = shop.live.state
    assert (after.log_position, after.rows.position) == (before.log_position, shop.history.offset)
    assert "new" in _found(after, "zephyrine lantern")


def test_a_snapshot_without_products_takes_them_in(tmp_path: Path) -> None:
    empty = write_snapshot(tmp_path, [], version="v0", encoder=ENCODER)
    live = LiveSnapshot(empty, tmp_path / "private")
    history = History(random.Random(0))
    live.apply(
        [
            history.write(Product("a", "Red lamp", price=1.0)),
            history.write(Product("b", "Blue lamp")),
        ]
    )
    found = Retriever().retrieve(
        live.state,
        Request("red lamp", encoding_of(history.products["a"]).vector.astype(np.float32)),
    )
    assert ids_of(live.state, found)[0] == "a" and live.state.orders.first(
        OrderBy("price"), 5, live.state.shown()
    ).tolist() == [
        0,
        1,
    ]
