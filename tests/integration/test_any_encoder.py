"""Encoders of every family, beside sentence-transformers."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.app import app
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.engines import REFERENCE
from services.embedding.opening import open_encoder
from services.embedding.weights import find
from services.training import graph_export
from services.training.graph_export import export_graph
from shared.errors import Corrupt, NotFound
from tests.integration.random_encoders import FAMILIES, TEXTS, random_encoder

pytest.importorskip("sentence_transformers")
OURS = [family for family in FAMILIES if family != "modernbert"]
LEAST = 0.999


def opened(folder: Path, **settings: Any) -> TextEncoder:
    config = EmbeddingConfig(engine=REFERENCE, product_engine=REFERENCE, query_tokens=64)
    encoder = open_encoder(replace(config, model=str(folder), **settings))
    assert isinstance(encoder, TextEncoder)
    return encoder


def assert_same(encoder: TextEncoder, model: Any, least: float = LEAST) -> None:
    """Queries and products have sentence-transformers' vectors."""
    asked = np.stack([each.vector for each in encoder.encode_queries(TEXTS)])
    told, _ = encoder.encode_products(TEXTS)
    for ours, theirs in ((asked, model.encode_query(TEXTS)), (told, model.encode_document(TEXTS))):
        unit = theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
        assert (ours * unit).sum(axis=1).min() > least
        assert (unit @ unit.T).min() < least  # the texts differ


@pytest.mark.parametrize("family", OURS)
def test_a_family_in_our_own_graph(tmp_path: Path, family: str) -> None:
    model = random_encoder(tmp_path / "model", family)
    assert find(str(tmp_path / "model")).graph() is None
    assert_same(opened(tmp_path / "model"), model)


@pytest.mark.parametrize(
    "pooling",
    ["cls", "max", "lasttoken", "mean_sqrt_len_tokens", "weightedmean", ("cls", "mean")],
)
def test_a_pooling(tmp_path: Path, pooling: Any) -> None:
    model = random_encoder(tmp_path / "model", "bert", pooling)
    assert_same(opened(tmp_path / "model"), model)


def test_a_dense_module_prompts_and_matryoshka_dimensions(tmp_path: Path) -> None:
    prompts = {"query": "query : ", "document": "passage : "}
    model = random_encoder(tmp_path / "model", "xlm-roberta", dense=48, prompts=prompts, truncate_dim=24)
    encoder = opened(tmp_path / "model", dim=24)
    assert encoder.identity.dim == 24
    assert_same(encoder, model)


def test_a_prompt_that_is_set_replaces_the_models_own(tmp_path: Path) -> None:
    random_encoder(tmp_path / "model", "bert", prompts={"query": "query : ", "document": ""})
    own, without = opened(tmp_path / "model"), opened(tmp_path / "model", query_prompt="none")
    given = without.encode_queries(["query : lamp"])[0].vector
    assert given @ own.encode_queries(["lamp"])[0].vector > LEAST
    assert given @ without.encode_queries(["lamp"])[0].vector < LEAST
    assert own.identity.version != without.identity.version


def test_a_model_without_a_graph_is_told_how_to_get_one(tmp_path: Path) -> None:
    random_encoder(tmp_path / "model", "modernbert")
    with pytest.raises(NotFound, match=r"has no onnx/model\.onnx; run `aisle models fetch"):
        opened(tmp_path / "model")


def test_a_family_that_is_not_ours_runs_by_its_exported_graph(tmp_path: Path) -> None:
    model = random_encoder(tmp_path / "model", "modernbert", ("cls", "mean"), dense=32)
    fetched = CliRunner().invoke(app, ["models", "fetch", str(tmp_path / "model")])
    assert fetched.exit_code == 0, fetched.output
    assert "AISLE_EMBEDDING_MODEL=" in fetched.output
    assert_same(opened(tmp_path / "model"), model)
    assert_same(opened(tmp_path / "model", engine="openvino-f32", product_engine="openvino-f32"), model)
    encoding = opened(tmp_path / "model").encode_queries(["red lamp"])[0]
    assert encoding.vector.shape == (32,)


def test_an_exported_graph_gives_what_our_own_gives(tmp_path: Path) -> None:
    model = random_encoder(tmp_path / "model", "roberta")
    export_graph(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    assert find(str(tmp_path / "model")).graph() == tmp_path / "model" / "onnx" / "model.onnx"
    assert_same(opened(tmp_path / "model"), model)


def test_an_engine_that_cannot_run_a_graph_is_refused(tmp_path: Path) -> None:
    random_encoder(tmp_path / "model", "roberta")
    export_graph(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(NotFound, match="the engine onnxruntime-int8 cannot run this model; use auto"):
        opened(tmp_path / "model", engine="onnxruntime-int8").encode_queries(["lamp"])


def test_a_graph_that_differs_from_its_model_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_encoder(tmp_path / "model", "bert")
    monkeypatch.setattr(graph_export, "_MOST_DIFFERENT", -1.0)
    with pytest.raises(Corrupt, match="differs from it by"):
        export_graph(tmp_path / "model")
    assert not list((tmp_path / "model" / "onnx").iterdir())


def test_without_torch_it_says_what_a_graph_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_encoder(tmp_path / "model", "modernbert")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NotFound, match=r"needs torch and transformers: run `pip install 'aisle\[train\]'`"):
        export_graph(tmp_path / "model")


@pytest.mark.parametrize("engine", ["onnxruntime-int8", "openvino-f32", "torch-fp32", "auto"])
def test_every_engine_reads_a_families_weights(tmp_path: Path, engine: str) -> None:
    model = random_encoder(tmp_path / "model", "roberta", "cls")
    product_engine = REFERENCE if "int8" in engine else engine
    encoder = opened(tmp_path / "model", engine=engine, product_engine=product_engine)
    assert_same(encoder, model, 0.99)
