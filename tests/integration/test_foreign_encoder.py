"""A shop with an encoder that no bundle was trained for."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aisle.v1.search_pb2 import SearchRequest
from cli.app import app
from cli.files.indexed import index_file
from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.opening import encoder_files
from services.standalone.standalone import Standalone
from services.training.encoder_config import encoder_config, trainable_files
from services.training.judged_shop import JudgedShop
from shared.errors import InvalidRequest
from shared.models.registry import Registry
from shared.snapshot.generation import current_generation
from tests.integration.random_encoders import random_encoder

pytest.importorskip("sentence_transformers")
TITLES = ["red shoe", "blue shoe", "steel bottle", "desk lamp", "wireless mouse", "red lamp", "blue mouse"]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    random_encoder(tmp_path / "model", "xlm-roberta", "cls", prompts={"query": "query : ", "document": ""})
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", str(tmp_path / "model"))
    monkeypatch.setenv("AISLE_EMBEDDING_ENGINE", "onnxruntime-fp32")
    monkeypatch.setenv("AISLE_EMBEDDING_PRODUCT_ENGINE", "onnxruntime-fp32")
    index(tmp_path)
    return tmp_path / "data"


def index(folder: Path, bundle: str = "") -> None:
    rows = ({"product_id": f"p{place}", "title": title} for place, title in enumerate(TITLES))
    (folder / "products.jsonl").write_text("\n".join(map(json.dumps, rows)))
    index_file(folder / "products.jsonl", folder / "data", bundle)


def test_it_is_searched_and_reranked_with_heads_of_its_own_catalogue(data: Path) -> None:
    in_use = Registry.of(data).in_use()
    assert in_use is not None
    assert (in_use.encoder, in_use.training["block"]) == ("model", "left out: it is trained for one encoder")
    generation = current_generation(data)
    assert generation is not None
    assert generation.encoder["state_dim"] == 64
    shop = JudgedShop.open(data)
    orders = shop.orders("red shoe")
    assert orders["reranked"][0] == "p0"
    assert set(orders["reranked"]) <= {f"p{row}" for row in range(len(TITLES))}
    assert shop.reranker is not None
    assert shop.reranker.block is None


def test_a_server_opens_it_and_a_second_run_keeps_its_heads(data: Path) -> None:
    encoders = Encoders(encoder_config(data), data)
    encoders.refresh()
    generation = current_generation(data)
    assert generation is not None
    assert encoders.target.version == generation.encoder_version
    assert encoders.get().encoder.encode_queries(["red lamp"])[0].states.shape[1] == 64
    encoders.close()
    before = Registry.of(data).version_in_use()
    index(data.parent)
    assert Registry.of(data).version_in_use() == before


def test_the_default_encoder_gets_its_own_bundle_back(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AISLE_EMBEDDING_MODEL")
    encoders = Encoders(encoder_config(data), data, warm=False)
    encoders.refresh()  # until the catalogue is indexed again, the heads of the other are not used
    assert encoders.target.encoder.identity.state_dim == 0
    encoders.close()
    index(data.parent)
    assert Registry.of(data).version_in_use() == "default"
    generation = current_generation(data)
    assert generation is not None
    assert generation.encoder["name"] == "all-MiniLM-L6-v2"
    assert generation.encoder["state_dim"] == 128


async def test_a_server_that_starts_with_another_encoder_makes_heads_and_encodes_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = os.environ["AISLE_EMBEDDING_MODEL"]
    monkeypatch.delenv("AISLE_EMBEDDING_MODEL")
    shutil.rmtree(data)
    index(data.parent)
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", model)
    async with Standalone.open(data) as engine:
        found = await engine.search.Search(SearchRequest(query="red shoe", page_size=3), None)
    in_use = Registry.of(data).in_use()
    assert in_use is not None
    assert in_use.encoder == "model"
    generation = current_generation(data)
    assert generation is not None
    assert (generation.encoder["name"], generation.encoder["state_dim"]) == ("model", 64)
    assert found.results[0].product.product_id == "p0"


def test_a_bundle_of_another_encoder_is_refused_by_name(data: Path) -> None:
    with pytest.raises(InvalidRequest, match="default was made for all-MiniLM-L6-v2, not for model"):
        index(data.parent, "default")


def test_training_that_cannot_read_it_refuses(data: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"AISLE_EMBEDDING_MODEL: is model; training reads BERT"):
        trainable_files(encoder_config(data))


def test_encoders_are_compared(data: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.tsv").write_text("query_id\tquery\nq1\tred shoe\n")
    (tmp_path / "judgments.tsv").write_text("query_id\tproduct_id\tgrade\nq1\tp0\t3\nq1\tp4\t0\n")
    files = ["--queries", str(tmp_path / "queries.tsv"), "--judgments", str(tmp_path / "judgments.tsv")]
    model = str(tmp_path / "model")
    shown = CliRunner().invoke(app, ["models", "compare", "default", model, "--data", str(data), *files])
    assert shown.exit_code == 0, shown.output
    for words in ("all-MiniLM-L6-v2", "ndcg@10", "query ms", "states bytes", "1 queries, 7 products"):
        assert words in shown.output


def test_a_dimension_that_the_model_lacks_is_refused(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InvalidRequest, match="AISLE_EMBEDDING_DIM: is 65; model makes 64 numbers"):
        encoder_files(EmbeddingConfig(model=str(tmp_path / "model"), dim=65))
