"""A reranker with a random catalogue and random models, small enough for a test to make."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from aisle.v1.embedding_pb2 import QueryEncoding
from aisle.v1.reranker_pb2 import RerankRequest
from services.reranker.block import BlockModel, BlockScorer
from services.reranker.cost_estimate import CostEstimate
from services.reranker.features import FEATURES
from services.reranker.query import Matrix
from services.reranker.ranker import Ranker
from services.reranker.reranker import Reranker
from services.reranker.scorer import TimedScorer
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.states import TokenStates
from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.features.page import StoredPage
from shared.features.scope import PageRequest
from shared.features.visitor import BoughtProduct, RecentProduct, Visitor, VisitorState
from shared.snapshot.columns import Columns, ColumnsWriter
from tests.unit.reranker.tiny_models import HIDDEN, STATE, save_block

PRODUCTS = 60
DIM = 12
VERSION = "20261124T000000.000000Z"
PRIOR = {"fused_z": 1.0, "maxsim_z": 0.5, "block_z": 0.8}


class NumberedProducts:
    """Row 7 is product p7."""

    def __len__(self) -> int:
        return PRODUCTS

    def row(self, product_id: str) -> int | None:
        row = int(product_id.removeprefix("p"))
        return row if row < PRODUCTS else None

    def product_ids(self, rows: NDArray[np.int64]) -> list[str]:
        return [f"p{row}" for row in rows.tolist()]

    def product(self, row: int) -> Product:
        return Product(f"p{row}", "kettle")

    def payload(self, row: int) -> bytes:
        return to_bytes(self.product(row))


def matrix(rng: np.random.Generator, *shape: int) -> Matrix:
    return rng.standard_normal(shape).astype(np.float32)


def unit(vectors: Matrix) -> Matrix:
    lengths: Matrix = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def tiny_snapshot(folder: Path, version: str = VERSION, seed: int = 0) -> RerankerSnapshot:
    return RerankerSnapshot(version, **tiny_parts(folder, seed))


def tiny_parts(folder: Path, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 7, PRODUCTS))])
    states = np.round(127 * unit(matrix(rng, int(offsets[-1]), STATE))).astype(np.int8)
    folder.mkdir()
    writer = ColumnsWriter(folder)
    prices = [float(price) if row % 3 else None for row, price in enumerate(rng.integers(1, 500, PRODUCTS))]
    writer.add(
        [Product(f"p{row}", "kettle", price=price, rating_count=row) for row, price in enumerate(prices)]
    )
    writer.finish()
    vectors = unit(matrix(rng, PRODUCTS, DIM)).astype(np.float16)
    parts = {"states": TokenStates(states, offsets), "vectors": vectors}
    return {**parts, "columns": Columns.open(folder), "products": NumberedProducts()}


def tiny_ranker(seed: int = 0, trees: bool = True) -> Ranker:
    prior = np.array([PRIOR.get(name, 0.0) for name in FEATURES])
    if not trees:
        return Ranker(prior)
    rng = np.random.default_rng(seed)
    features = matrix(rng, 400, len(FEATURES))
    grades = rng.integers(0, 4, 400)
    options = {
        "objective": "lambdarank",
        "num_leaves": 4,
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 5,
    }
    data = lightgbm.Dataset(features, grades, group=[20] * 20)
    return Ranker(prior, lightgbm.train(options, data, num_boost_round=8))


def tiny_reranker(
    folder: Path, version: str = VERSION, trees: bool = True, block_limit: int = 20
) -> Reranker:
    save_block(folder / "block.onnx")
    snapshot = tiny_snapshot(folder / version, version)
    model = BlockModel.open(folder / "block.onnx", "fp32")
    block = TimedScorer(BlockScorer(model, snapshot.states), 5, block_limit, CostEstimate(0.01))
    return Reranker(
        snapshot,
        tiny_ranker(trees=trees),
        block,
        bundle_version="tiny",
        before=CostEstimate(0.1),
        after=CostEstimate(0.1),
    )


def stored_page(rows: Sequence[int], recent: Mapping[str, float], bought: Sequence[str] = ()) -> StoredPage:
    """The stored page of a visitor with these products and weights, without other features."""
    visitor = Visitor()
    visitor.state = VisitorState(
        tuple(RecentProduct(name, weight, 1e9) for name, weight in recent.items()),
        bought=tuple(BoughtProduct(name, 1, 11_000, 11_000) for name in bought),
    )
    request = PageRequest([f"p{row}" for row in rows])
    return StoredPage(request, [*[None] * len(rows), None, visitor.encoded()], now_seconds=1e9)


def tiny_request(count: int = 40, seed: int = 3) -> RerankRequest:
    rng = np.random.default_rng(seed)
    tokens = 3
    encoding = QueryEncoding(
        vector=matrix(rng, DIM).tobytes(),
        hidden=matrix(rng, tokens, HIDDEN).tobytes(),
        states=unit(matrix(rng, tokens, STATE)).tobytes(),
        token_weights=rng.random(tokens).astype(np.float32).tobytes(),
        token_count=tokens,
    )
    return RerankRequest(
        query="red kettle",
        encoding=encoding,
        snapshot_version=VERSION,
        rows=rng.permutation(PRODUCTS)[:count].tolist(),
        lexical_scores=np.abs(matrix(rng, count)).tolist(),
        dense_scores=matrix(rng, count).tolist(),
        fused_scores=np.sort(np.abs(matrix(rng, count)))[::-1].tolist(),
        lexical_ranks=rng.permutation(count).tolist(),
        dense_ranks=rng.permutation(count).tolist(),
    )
