"""Encoders of others, from real packages: their vectors, and a shop that is served with them."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.engines import REFERENCE
from services.embedding.opening import open_encoder
from shared.inference.session import open_session
from shared.models.fetching import fetch

QUERIES = ["rote Laufschuhe", "wireless mouse for a small desk", "cafetière italienne", "スニーカー 白"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def opened(folder: Path) -> TextEncoder:
    encoder = open_encoder(EmbeddingConfig(model=str(folder), engine=REFERENCE, product_engine=REFERENCE))
    assert isinstance(encoder, TextEncoder)
    return encoder


def test_e5_is_unpacked_and_has_the_vectors_of_sentence_transformers(models: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = fetch("multilingual-e5-small", models)
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    encoder = opened(folder)
    asked = np.stack([each.vector for each in encoder.encode_queries(QUERIES)])
    assert (asked * model.encode_query(QUERIES)).sum(axis=1).min() > 0.999
    told, _ = encoder.encode_products(QUERIES)
    assert (told * model.encode_document(QUERIES)).sum(axis=1).min() > 0.999
    # The same need in two languages is nearer than two needs
    german, english = encoder.encode_queries(["rote Schuhe", "red shoes"])
    assert german.vector @ english.vector > german.vector @ asked[1]


def test_bge_runs_by_its_own_graph(models: Path) -> None:
    folder = fetch("bge-small-en-v1.5", models)
    encoder = opened(folder)
    query = QUERIES[1]
    reader = Tokenizer.from_file(str(folder / "tokenizer.json"))
    reader.no_padding()
    ids = np.array([reader.encode(f"Represent this sentence for searching relevant passages: {query}").ids])
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    first = open_session(str(folder / "onnx" / "model.onnx"), 1).run(None, inputs)[0][0, 0]
    vector = encoder.encode_queries([query])[0].vector
    assert vector @ (first / np.linalg.norm(first)) > 0.9999
    alone = encoder.encode_products(["red shoe"])[0][0]
    beside = encoder.encode_products(["red shoe", "a kettle of two litres, in steel, for every kitchen"])[0][
        0
    ]
    assert np.array_equal(alone, beside)  # its int8 has one range a batch, so a batch has one text
