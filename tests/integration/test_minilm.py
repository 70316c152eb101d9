"""Our graph of all-MiniLM-L6-v2 against sentence-transformers."""

from importlib.util import find_spec

import numpy as np
import pytest

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.opening import open_encoder
from services.embedding.weights import find

TEXTS = ["wireless mouse", "Women's waterproof hiking jacket, size M"]
# Every 16th value of SentenceTransformer("all-MiniLM-L6-v2").encode(TEXTS), version 6.2, torch
# 2.15, CPU.
EXPECTED = [
    [-0.08001, 0.01144, -0.02462, 0.0121, 0.0308, -0.02919, 0.08492, -0.0914,
     0.02736, 0.07423, -0.08197, -0.04817, 0.09262, 0.012, -0.05633, -0.02453,
     0.05672, 0.0512, -0.01197, 0.06775, -0.06199, -0.0418, 0.01763, -0.04642],
    [-0.02654, 0.0451, 0.00399, -0.10693, 0.00492, -0.06584, 0.02403, -0.01018,
     -0.0069, 0.03771, 0.04937, -0.01028, 0.01129, 0.02746, 0.03626, -0.08144,
     -0.03917, -0.00602, -0.0354, 0.05152, 0.00378, -0.041, -0.02283, -0.07736],
]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    exact = "onnxruntime-fp32"
    opened = open_encoder(EmbeddingConfig(engine=exact, product_engine=exact))
    assert isinstance(opened, TextEncoder)
    return opened


def test_both_sides_give_the_published_vectors(encoder: TextEncoder) -> None:
    vectors, _ = encoder.encode_products(TEXTS)
    np.testing.assert_allclose(vectors[:, ::16], EXPECTED, atol=2e-5)
    queries = [encoding.vector for encoding in encoder.encode_queries(TEXTS)]
    np.testing.assert_allclose(np.stack(queries), vectors, atol=1e-5)


@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="the extra `train` is not installed")
@pytest.mark.filterwarnings("ignore")
def test_sentence_transformers_gives_the_same(encoder: TextEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(find().folder), device="cpu")
    texts = [
        *TEXTS,
        "",
        "\N{GRINNING FACE}",
        "Caf\N{LATIN SMALL LETTER E WITH ACUTE} latte glass 30cl",
        "4k tv " * 9,
    ]
    theirs = peer.encode(texts, normalize_embeddings=True)
    ours, _ = encoder.encode_products(texts)
    assert (ours * theirs).sum(axis=1).min() > 0.99999
