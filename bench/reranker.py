"""Milliseconds of the reranker's parts, one client, on random states.

Run python -m bench.reranker [--bundle FOLDER]. A bundle with a block has more lines. The times do
not depend on the numbers in states and weights, so any bundle of the right shapes will do.
"""

import argparse
import platform
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from services.reranker.batched_scorer import BatchedScorer
from services.reranker.block import BlockModel, BlockScorer
from services.reranker.candidates import Candidates
from services.reranker.config import RerankerConfig
from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from services.reranker.maxsim import maxsim
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.ranker import Ranker
from services.reranker.reranker import Reranker
from services.reranker.scorer import TimedScorer
from services.reranker.side_by_side import SideBySide
from services.reranker.snapshot import RerankerSnapshot
from services.reranker.states import GatheredStates, Rows, TokenStates
from shared.catalog.product import Product
from shared.features.page import StoredPage
from shared.features.scope import PageRequest
from shared.features.visitor import RecentProduct, Visitor, VisitorState
from shared.models.bundle import BLOCK
from shared.snapshot.columns import Columns, ColumnsWriter
from shared.snapshot.products import ProductStore, ProductsWriter

PRODUCTS = 20_000
STATE = 128
HIDDEN = 384
DIM = 384
QUERY_TOKENS = 8
RNG = np.random.default_rng(0)
_BATCH = RerankerConfig().block_batch


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("shared/default_bundle"))
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    threadpool_limits(1, user_api="blas")  # as open_reranker does
    query = _query()
    states = _states()
    print(f"{_cpu()}; {PRODUCTS} products, {QUERY_TOKENS} query tokens")
    for count in (100, 400, 1000):
        _report(f"gather {count}", partial(_gather, states, count))
        _report(f"gather + maxsim {count}", partial(_maxsim, query, states, count))
    with tempfile.TemporaryDirectory() as folder:
        reranker = Reranker(_snapshot(Path(folder), states), Ranker.open(arguments.bundle), None, "bench")
        _report("whole, 400 candidates", _whole(reranker, query))
        if (path := arguments.bundle / BLOCK).exists():
            block = _block(path, states, arguments)
            _report_block(block, reranker, query)


def _block(path: Path, states: TokenStates, arguments: argparse.Namespace) -> BatchedScorer:
    model = BlockModel.open(path, arguments.precision)
    return BatchedScorer(BlockScorer(model, states), SideBySide(arguments.threads), _BATCH)


def _report_block(block: BatchedScorer, reranker: Reranker, query: EncodedQuery) -> None:
    print(block.engine)
    for count in (25, 50, 100):
        _report(f"block {count}", partial(block.score, query, _rows(count)))
    for limit in (50, 100):
        paced = TimedScorer(block, _BATCH * block.threads, limit, CostEstimate(0.2))
        _report(
            f"whole, 400 candidates, {limit} in the block",
            _whole(replace(reranker, block=paced), query),
        )


def _gather(states: TokenStates, count: int) -> GatheredStates:
    return states.gather(_rows(count))


def _maxsim(query: EncodedQuery, states: TokenStates, count: int) -> Matrix:
    return maxsim(query, _gather(states, count))


def _whole(reranker: Reranker, query: EncodedQuery) -> Callable[[], object]:
    rows = _rows(400)
    visitor = Visitor()
    visitor.state = VisitorState(tuple(RecentProduct(f"p{row}", 1.0, 1e9) for row in _rows(4)))
    values = [*[None] * 400, None, visitor.encoded()]
    page = StoredPage(PageRequest([f"p{row}" for row in rows]), values, now_seconds=1e9)
    columns = [np.sort(RNG.random(400).astype(np.float32))[::-1] for _ in range(5)]
    return lambda: reranker.rerank(query, Candidates(rows, *columns), page, Deadline.after(0))


def _report(name: str, call: Callable[[], object], runs: int = 100) -> None:
    call()
    times = []
    for _ in range(runs):
        began = perf_counter()
        call()
        times.append((perf_counter() - began) * 1000)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    print(f"{name:<42} p50 {p50:7.2f} ms   p95 {p95:7.2f}   p99 {p99:7.2f}")


def _rows(count: int) -> Rows:
    return RNG.choice(PRODUCTS, count, replace=False)


def _query() -> EncodedQuery:
    hidden = RNG.standard_normal((QUERY_TOKENS, HIDDEN)).astype(np.float32)
    return EncodedQuery("", hidden, hidden[:, :STATE], np.ones(QUERY_TOKENS, dtype=np.float32))


def _states() -> TokenStates:
    """20 to 40 tokens a product, 30 on average."""
    offsets = np.concatenate([[0], np.cumsum(RNG.integers(20, 41, PRODUCTS))])
    return TokenStates(RNG.integers(-127, 128, (offsets[-1], STATE), dtype=np.int8), offsets)


def _snapshot(folder: Path, states: TokenStates) -> RerankerSnapshot:
    products = [Product(f"p{row}", "kettle", price=float(row)) for row in range(PRODUCTS)]
    (folder / "products").mkdir(parents=True)
    for writer in (ColumnsWriter(folder / "columns"), ProductsWriter(folder / "products")):
        writer.add(products)
        writer.finish()
    vectors = RNG.standard_normal((PRODUCTS, DIM)).astype(np.float16)
    return RerankerSnapshot(
        "bench",
        states,
        vectors,
        Columns.open(folder / "columns"),
        ProductStore.open(folder / "products"),
    )


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


if __name__ == "__main__":
    main()
