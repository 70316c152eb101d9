"""Every engine computes the same encoder."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.embedding.config import ENGINE_NAMES, EmbeddingConfig
from services.embedding.encoding import Floats
from services.embedding.engines import ENGINES, run_all
from services.embedding.opening import open_encoder
from services.embedding.ports import Engine, Outputs
from services.embedding.tokens import Ids
from tests.unit.embedding.engine_agreement import TEXTS, assert_agrees, tiny_encoder


def test_the_settings_know_every_engine() -> None:
    assert set(ENGINE_NAMES) == set(ENGINES)


@pytest.mark.parametrize(
    ("engine", "least_cosine"),
    [
        ("openvino-f32", 0.99999),
        ("openvino-bf16", 0.999),
        ("onnxruntime-int8", 0.995),
        ("onnxruntime-int8-dynamic", 0.98),
    ],
)
def test_an_engine_agrees_with_the_reference(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str, least_cosine: float
) -> None:
    assert_agrees(model_folder, make_bundle(), engine, least_cosine)


@pytest.mark.parametrize("engine", ["onnxruntime-fp32", "onnxruntime-int8", "onnxruntime-int8-dynamic"])
def test_a_query_is_the_same_whatever_is_encoded_with_it(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    tried = tiny_encoder(model_folder, make_bundle(), engine)
    together = tried.encode_queries(TEXTS)
    alone = [tried.encode_queries([text])[0] for text in TEXTS]
    assert min(a.vector @ b.vector for a, b in zip(together, alone, strict=True)) > 0.9999


class Pairwise:
    """An engine whose batches wait until two of them are in work."""

    name = "pairwise"
    batches = True
    at_once = 2

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=30)

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        self._both.wait()
        return {"vector": ids.astype(np.float32)}


def test_an_engine_gets_as_many_batches_as_it_runs_at_once_and_they_keep_their_order() -> None:
    engine: Engine = Pairwise()
    batches = [(np.full((1, 1), number), np.ones((1, 1), np.float32)) for number in range(6)]
    assert [float(outputs["vector"][0, 0]) for outputs in run_all(engine, batches)] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


def test_products_whose_batches_run_side_by_side_keep_their_vectors(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    texts = ["lamp " * (number % 90) + TEXTS[number % 2] for number in range(400)]
    bundle = str(make_bundle())
    encodings = []
    for engine in ("onnxruntime-fp32", "openvino-f32"):
        config = EmbeddingConfig(model=str(model_folder), bundle=bundle, product_engine=engine)
        encodings.append(open_encoder(config).encode_products(texts))
    (vectors, states), (expected, expected_states) = encodings
    np.testing.assert_allclose(vectors, expected, atol=1e-4)
    for ours, theirs in zip(states, expected_states, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1)
