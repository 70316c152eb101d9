from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from services.reranker.batched_scorer import BatchedScorer
from services.reranker.block import BlockModel, BlockScorer
from services.reranker.query import EncodedQuery
from services.reranker.side_by_side import SideBySide
from services.reranker.states import TokenStates
from shared.errors import Corrupt
from shared.inference.cpu import Cpu
from tests.unit.reranker.tiny_models import HIDDEN, STATE, save_block

RNG = np.random.default_rng(1)
QUERY = EncodedQuery(
    "red kettle",
    RNG.standard_normal((3, HIDDEN)).astype(np.float32),
    RNG.standard_normal((3, STATE)).astype(np.float32),
    RNG.random(3).astype(np.float32),
)
STATES = TokenStates(RNG.integers(-127, 128, (30, STATE)).astype(np.int8), np.array([0, 4, 4, 20, 30]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_block(tmp_path / "block.onnx")
    return tmp_path / "block.onnx"


def test_a_product_scores_alike_whoever_shares_its_batch(path: Path) -> None:
    scorer = BlockScorer(BlockModel.open(path, "fp32"), STATES)
    together = scorer.score(QUERY, np.arange(4))
    alone = [float(scorer.score(QUERY, np.array([row]))[0]) for row in range(4)]
    assert np.ptp(together) > 0
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_eight_bit_weights_keep_the_order(path: Path) -> None:
    whole, small = (BlockModel.open(path, precision) for precision in ("fp32", "int8"))
    assert (whole.engine, small.engine) == ("onnxruntime-fp32", "onnxruntime-int8")
    rows = np.arange(4)
    exact, rounded = (BlockScorer(model, STATES).score(QUERY, rows) for model in (whole, small))
    assert np.corrcoef(exact, rounded)[0, 1] > 0.99


def test_the_faster_number_format_is_found_by_trial(path: Path) -> None:
    assert BlockModel.open(path, "auto").engine in ("onnxruntime-fp32", "onnxruntime-int8")


def test_where_int8_cannot_win_it_is_not_tried(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reranker.block.read_cpu", lambda: Cpu("old", frozenset(), 1))
    monkeypatch.setattr("shared.inference.onnx_engine._quantised", lambda _: pytest.fail("it was tried"))
    assert BlockModel.open(path, "auto").engine == "onnxruntime-fp32"


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_share_a_call_and_change_no_score(path: Path, threads: int) -> None:
    model = BlockModel.open(path, "fp32")
    rows = RNG.integers(0, 4, 90)
    scorer = BlockScorer(model, STATES)
    alone, shared = (BatchedScorer(scorer, SideBySide(each), batch=25) for each in (1, threads))
    assert (alone.threads, alone.engine) == (1, "onnxruntime-fp32")
    assert (shared.threads, shared.engine) == (
        threads,
        f"onnxruntime-fp32, up to {threads} threads",
    )
    expected = alone.score(QUERY, rows)
    for _ in range(3):  # alone, shared, and the better of the two
        np.testing.assert_array_equal(shared.score(QUERY, rows), expected)


@pytest.mark.parametrize("mask", [TensorProto.BOOL, TensorProto.INT64])
def test_the_mask_takes_the_type_that_the_model_declares(path: Path, mask: int) -> None:
    expected = BlockScorer(BlockModel.open(path, "fp32"), STATES).score(QUERY, np.arange(4))
    save_block(path, mask)
    scores = BlockScorer(BlockModel.open(path, "fp32"), STATES).score(QUERY, np.arange(4))
    np.testing.assert_allclose(scores, expected)


def test_a_model_that_wants_more_than_there_is_is_refused(path: Path) -> None:
    model = onnx.load(path)
    model.graph.input[1].name = "moon_phase"
    model.graph.node[1].input[0] = "moon_phase"
    onnx.save(model, path)
    with pytest.raises(Corrupt, match="moon_phase"):
        BlockModel.open(path, "fp32")
