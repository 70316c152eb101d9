"""What the encoder gives for queries and products."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.job import Job
from services.embedding.opening import open_encoder
from services.embedding.ports import Engine
from shared.errors import Corrupt

DIM = 64
STATE_DIM = 16
EXACT = "onnxruntime-fp32"
ODD_QUERIES = ["", "   ", "\N{GRINNING FACE}", "\x00\x07", "\ud800", "x" * 10_000, "lamp " * 2_000]


def opened(folder: Path, bundle: Path | None = None) -> TextEncoder:
    config = EmbeddingConfig(
        model=str(folder),
        bundle=str(bundle or ""),
        engine=EXACT,
        product_engine=EXACT,
    )
    encoder = open_encoder(config)
    assert isinstance(encoder, TextEncoder)
    return encoder


def norms(rows: NDArray[Any]) -> NDArray[Any]:
    lengths: NDArray[Any] = np.sqrt((rows * rows).sum(axis=-1))
    return lengths


def test_a_query_gets_its_vector_and_a_row_for_every_token(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    (encoding,) = opened(model_folder, make_bundle()).encode_queries(["wireless mouse"])
    assert encoding.vector.shape == (DIM,)
    assert encoding.hidden.shape == (4, DIM)  # [CLS] wireless mouse [SEP]
    assert encoding.states.shape == (4, STATE_DIM)
    assert encoding.token_weights.shape == (4,)
    assert (encoding.token_weights > 0).all()
    np.testing.assert_allclose(norms(encoding.states), 1, atol=1e-5)


def test_products_keep_their_order_whatever_their_lengths(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    encoder = opened(model_folder, make_bundle())
    texts = ["lamp " * 50, "red shoe", "mouse", "wireless lamp for desk"] * 20
    vectors, states = encoder.encode_products(texts)
    for row in range(4):
        (query,) = encoder.encode_queries([texts[row]]) if row else (None,)
        if query is not None:
            assert vectors[row] @ query.vector > 0.99999
            assert np.abs(states[row] - 127 * query.states).max() <= 0.51
        assert vectors[row] @ vectors[row + 40] > 0.99999


def test_products_keep_the_states_of_their_first_tokens(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    bundle = make_bundle(state_tokens=10, max_tokens=20)
    encoder = opened(model_folder, bundle)
    _, states = encoder.encode_products(["lamp " * 50, "red shoe"])
    assert [len(rows) for rows in states] == [10, 4]
    assert states[0].dtype == np.int8
    assert encoder.identity.max_tokens == 20


def test_without_a_bundle_there_are_vectors_only(model_folder: Path) -> None:
    encoder = opened(model_folder)
    (encoding,) = encoder.encode_queries(["red shoe"])
    vectors, states = encoder.encode_products(["red shoe"])
    assert encoding.vector @ vectors[0] > 0.99999
    assert len(encoding.hidden) == len(encoding.states) == len(encoding.token_weights) == len(states[0]) == 0
    assert encoder.identity.state_dim == 0


def test_a_bundle_may_change_the_encoder(model_folder: Path, make_bundle: Callable[..., Path]) -> None:
    name = "embeddings.word_embeddings.weight"
    other = np.random.default_rng(5).normal(size=(12, DIM)).astype(np.float16)
    tuned = opened(model_folder, make_bundle(extra={f"encoder.{name}": other}))
    assert (
        tuned.encode_queries(["red"])[0].vector @ opened(model_folder).encode_queries(["red"])[0].vector
        < 0.99
    )
    assert tuned.identity.version.startswith(f"{opened(model_folder).identity.version}+")


def test_a_tensor_that_the_encoder_does_not_have_is_refused(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    bundle = make_bundle(extra={"encoder.layer.9.bias": np.zeros(3, np.float32)})
    with pytest.raises(Corrupt, match=r"encoder\.layer\.9\.bias is no tensor of the encoder"):
        opened(model_folder, bundle).encode_queries(["red"])


def test_no_texts_give_no_results(model_folder: Path) -> None:
    encoder = opened(model_folder)
    assert encoder.encode_queries([]) == []
    assert encoder.encode_products([])[0].shape == (0, DIM)


@pytest.mark.parametrize("query", ODD_QUERIES, ids=range(len(ODD_QUERIES)))
def test_any_text_gives_a_unit_vector(model_folder: Path, query: str) -> None:
    for encoder in (opened(model_folder), HashEncoder()):
        vectors, _ = encoder.encode_products([query])
        (encoding,) = encoder.encode_queries([query])
        np.testing.assert_allclose([norms(vectors[0]), norms(encoding.vector)], 1, atol=1e-5)


def test_engines_are_built_when_first_used(model_folder: Path) -> None:
    encoder = opened(model_folder)
    assert encoder.engines == {}
    encoder.encode_queries([])
    assert encoder.engines == {"queries": EXACT}


def test_queries_do_not_wait_for_the_engine_of_the_products(model_folder: Path) -> None:
    encoder = opened(model_folder)
    made = threading.Event()
    go_on = threading.Event()

    def slowly(job: Job) -> Engine:
        if job.side == "products":
            made.set()
            assert go_on.wait(60)
        return encoder._open(job)

    waiting = TextEncoder(encoder.identity, encoder._tokens, slowly, encoder._queries, encoder._products)
    products = threading.Thread(target=waiting.encode_products, args=[["lamp"]])
    products.start()
    assert made.wait(60)
    assert len(waiting.encode_queries(["mouse"])) == 1
    assert set(waiting.engines) == {"queries"}
    go_on.set()
    products.join()
    assert set(waiting.engines) == {"queries", "products"}
