"""Every engine computes the same encoder."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from services.embedding.config import ENGINE_NAMES, EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.engines import ENGINES, INT8
from services.embedding.opening import open_encoder

TEXTS = ["wireless mouse", "red shoes for desk", "", "lamp " * 60]
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="the extra `train` is not installed")


def encoder(folder: Path, bundle: Path, engine: str) -> TextEncoder:
    opened = open_encoder(EmbeddingConfig(model=str(folder), bundle=str(bundle), engine=engine, max_tokens=64))
    assert isinstance(opened, TextEncoder)
    return opened


def test_the_settings_know_every_engine() -> None:
    assert set(ENGINE_NAMES) == set(ENGINES)


@pytest.mark.parametrize(
    ("engine", "least_cosine"),
    [
        ("openvino-f32", 0.99999),
        ("openvino-bf16", 0.999),
        ("onnxruntime-int8", 0.995),
        ("onnxruntime-int8-dynamic", 0.98),
        pytest.param("torch-fp32", 0.99999, marks=needs_torch),
        pytest.param("torch-bf16", 0.999, marks=needs_torch),
    ],
)
def test_an_engine_agrees_with_the_reference(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str, least_cosine: float
) -> None:
    bundle = make_bundle()
    reference = encoder(model_folder, bundle, "onnxruntime-fp32").encode_queries(TEXTS)
    for ours, theirs in zip(encoder(model_folder, bundle, engine).encode_queries(TEXTS), reference, strict=True):
        assert ours.vector @ theirs.vector >= least_cosine
        assert (ours.states * theirs.states).sum(axis=1).min() >= least_cosine - 0.01
        assert ours.hidden.shape == theirs.hidden.shape
        np.testing.assert_allclose(ours.token_weights, theirs.token_weights, atol=0.4 if engine in INT8 else 0.1)


@pytest.mark.parametrize("engine", ["onnxruntime-fp32", "onnxruntime-int8", "onnxruntime-int8-dynamic"])
def test_a_query_is_the_same_whatever_is_encoded_with_it(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    tried = encoder(model_folder, make_bundle(), engine)
    together = tried.encode_queries(TEXTS)
    alone = [tried.encode_queries([text])[0] for text in TEXTS]
    assert min(a.vector @ b.vector for a, b in zip(together, alone, strict=True)) > 0.9999
