"""The reranker reads products that are written while it serves."""

from pathlib import Path

import numpy as np
import pytest

from services.reranker.block import BlockModel, BlockScorer
from services.reranker.candidates import Candidates
from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from services.reranker.query import EncodedQuery
from services.reranker.reranker import Reranker
from services.reranker.scorer import TimedScorer
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.states import Rows, TokenStates
from shared.catalog.product import Product
from shared.live.wire_rows import UNKNOWN
from shared.snapshot.change import Change, Encoding
from shared.snapshot.columns import Columns, ColumnsWriter
from shared.snapshot.generation import Positions
from shared.snapshot.products import ProductStore, ProductsWriter
from tests.unit.reranker.tiny_models import HIDDEN, STATE, save_block
from tests.unit.reranker.tiny_reranker import (
    DIM,
    PRODUCTS,
    VERSION,
    matrix,
    tiny_parts,
    tiny_ranker,
    unit,
)

ENCODER = {"name": "tiny", "sha256": "0" * 64}
RNG = np.random.default_rng(5)
QUERY = EncodedQuery("kettle", matrix(RNG, 3, HIDDEN), unit(matrix(RNG, 3, STATE)), np.ones(3, np.float32))


def encoding(tokens: int, seed: int = 0) -> Encoding:
    rng = np.random.default_rng(seed)
    states = np.round(127 * unit(matrix(rng, tokens, STATE))).astype(np.int8)
    return Encoding(unit(matrix(rng, 1, DIM))[0].astype(np.float16), states)


def written(offset: int, product: Product, made: Encoding | None) -> Change:
    encodings = {"tiny@000000000000": made} if made else {"another@1": encoding(1)}
    return Change.of(offset, product, encodings, offset)


CHANGES = [
    written(
        101,
        Product("p3", "kettle", price=3.0, rating_average=4.0, rating_count=9),
        encoding(4, seed=1),
    ),
    Change(102, offset=102),
    Change(103, "p9", offset=103),
    written(104, Product("new", "lamp", price=7.0), encoding(2, seed=2)),
    written(105, Product("plain", "mug"), None),
]
NEW_ROWS = np.array([60, 61, 62, 63])  # p3 again, p9 gone, new, plain


@pytest.fixture
def snapshot(tmp_path: Path) -> RerankerSnapshot:
    parts = tiny_parts(tmp_path / "columns")
    snapshot = RerankerSnapshot(VERSION, **parts, positions=Positions(vectors=100), encoder=ENCODER)
    snapshot.apply(CHANGES)
    return snapshot


def test_rows_of_the_wire_are_found_whatever_the_log_has_lost(snapshot: RerankerSnapshot) -> None:
    wire = np.array([5, 60, 61, 62, 63, 64, 99])
    assert snapshot.to_core(wire).tolist() == [5, 60, UNKNOWN, 61, 62, 63, UNKNOWN]
    assert (snapshot.position, len(snapshot)) == (105, PRODUCTS + 4)


def test_numbers_are_those_of_the_row(snapshot: RerankerSnapshot) -> None:
    rows = np.array([4, *NEW_ROWS, UNKNOWN])
    assert snapshot.column("price", rows)[1:].tolist() == pytest.approx(
        [3, np.nan, 7, np.nan, np.nan], nan_ok=True
    )
    assert snapshot.column("rating_count", rows).tolist()[:2] == [4, 9]
    assert np.isnan(snapshot.column("no such column", rows)).all()


def test_vectors_are_those_of_the_row(snapshot: RerankerSnapshot) -> None:
    vectors = snapshot.vectors_at(np.array([60, UNKNOWN, 62, 63]))
    np.testing.assert_array_equal(vectors[[0, 2]], [encoding(4, 1).vector, encoding(2, 2).vector])
    assert not vectors[[1, 3]].any()


def test_a_product_is_where_it_was_written_last(snapshot: RerankerSnapshot) -> None:
    assert [snapshot.products.row(each) for each in ("p3", "p9", "new", "p4")] == [60, None, 62, 4]
    assert snapshot.products.product_ids(np.array([3, 60, 62])) == ["p3", "p3", "new"]


def test_states_are_gathered_in_the_order_of_the_rows(snapshot: RerankerSnapshot) -> None:
    rows = np.array([62, 7, UNKNOWN, 60, 63, 8])
    gathered = snapshot.states.gather(rows)
    alone = [snapshot.states.gather(rows[[at]]) for at in range(len(rows))]
    assert gathered.counts.tolist() == [int(each.counts[0]) for each in alone]
    np.testing.assert_array_equal(gathered.values, np.concatenate([each.values for each in alone]))
    np.testing.assert_array_equal(gathered.values[:2], encoding(2, 2).states)
    assert gathered.counts[[2, 4]].tolist() == [0, 0]


def test_padded_states_are_the_gathered_ones(snapshot: RerankerSnapshot) -> None:
    rows = np.array([62, 7, UNKNOWN, 60, 63])
    padded, mask = snapshot.states.padded(rows)
    gathered = snapshot.states.gather(rows)
    assert mask.sum(axis=1).tolist() == gathered.counts.tolist()
    np.testing.assert_allclose(padded[mask] * 127, gathered.values, atol=1e-4)


def test_a_live_snapshot_ranks_as_one_that_is_made_of_the_same_products(
    snapshot: RerankerSnapshot, tmp_path: Path
) -> None:
    rows = np.array([60, 5, 62, 9, 40])
    (tmp_path / "rebuilt" / "products").mkdir(parents=True)
    rebuilt = _rebuilt(snapshot, rows, tmp_path / "rebuilt")
    orders = []
    for each, places in ((snapshot, rows), (rebuilt, np.arange(len(rows)))):
        orders.append(_reranker(each, tmp_path).rerank(QUERY, _candidates(places), None, Deadline.after(0)))
    np.testing.assert_allclose(orders[0].features, orders[1].features, rtol=1e-5)
    assert orders[0].order.tolist() == orders[1].order.tolist()


def test_a_product_that_is_not_here_yet_is_ranked_like_the_others(
    snapshot: RerankerSnapshot, tmp_path: Path
) -> None:
    rows = np.array([5, UNKNOWN, 9, 62])
    reranking = _reranker(snapshot, tmp_path).rerank(QUERY, _candidates(rows), None, Deadline.after(0))
    met = reranking.features[:, 3]  # maxsim_score
    assert met[1] == pytest.approx(met[[0, 2, 3]].mean()) and sorted(reranking.order) == [
        0,
        1,
        2,
        3,
    ]


def _candidates(rows: Rows) -> Candidates:
    column = np.linspace(1, 0.1, len(rows)).astype(np.float32)
    return Candidates(rows, column, column, column, column, column)


def _reranker(snapshot: RerankerSnapshot, folder: Path) -> Reranker:
    save_block(folder / "block.onnx")
    model = BlockModel.open(folder / "block.onnx", "fp32")
    block = TimedScorer(BlockScorer(model, snapshot.states), 5, 20, CostEstimate(0.01))
    return Reranker(snapshot, tiny_ranker(), block, "tiny")


def _rebuilt(snapshot: RerankerSnapshot, rows: Rows, folder: Path) -> RerankerSnapshot:
    """A snapshot with only the products of `rows`, none of them new."""
    gathered = snapshot.states.gather(rows)
    states = TokenStates(gathered.values, np.append(gathered.starts, len(gathered.values)))
    products = [_as_read(snapshot, int(row)) for row in rows]
    for writer in (ColumnsWriter(folder / "columns"), ProductsWriter(folder / "products")):
        writer.add(products)
        writer.finish()
    columns = Columns.open(folder / "columns")
    store = ProductStore.open(folder / "products")
    return RerankerSnapshot("rebuilt", states, snapshot.vectors_at(rows), columns, store)


def _as_read(snapshot: RerankerSnapshot, row: int) -> Product:
    values = {
        name: float(snapshot.column(name, np.array([row]))[0]) for name in ("price", "rating", "rating_count")
    }
    price, average = (None if np.isnan(values[name]) else values[name] for name in ("price", "rating"))
    (product_id,) = snapshot.products.product_ids(np.array([row]))
    return Product(
        product_id,
        "x",
        price=price,
        rating_average=average,
        rating_count=int(values["rating_count"]),
    )
