"""Checks that an engine computes the same as float32 in ONNX Runtime."""

from pathlib import Path

import numpy as np

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.engines import INT8
from services.embedding.opening import open_encoder

TEXTS = ["wireless mouse", "red shoes for desk", "", "lamp " * 60]


def tiny_encoder(folder: Path, bundle: Path, engine: str) -> TextEncoder:
    opened = open_encoder(
        EmbeddingConfig(model=str(folder), bundle=str(bundle), engine=engine, max_tokens=64)
    )
    assert isinstance(opened, TextEncoder)
    return opened


def assert_agrees(folder: Path, bundle: Path, engine: str, least_cosine: float) -> None:
    """The engine's encodings of TEXTS are near to the reference's."""
    reference = tiny_encoder(folder, bundle, "onnxruntime-fp32").encode_queries(TEXTS)
    for ours, theirs in zip(
        tiny_encoder(folder, bundle, engine).encode_queries(TEXTS), reference, strict=True
    ):
        assert ours.vector @ theirs.vector >= least_cosine
        assert (ours.states * theirs.states).sum(axis=1).min() >= least_cosine - 0.01
        assert ours.hidden.shape == theirs.hidden.shape
        np.testing.assert_allclose(
            ours.token_weights, theirs.token_weights, atol=0.4 if engine in INT8 else 0.1
        )
