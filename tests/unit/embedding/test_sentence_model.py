"""What a sentence-transformers folder says about its vectors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from services.embedding.known_prompts import known_prompts
from services.embedding.sentence_model import SentenceModel, read_sentence_model
from shared.errors import Corrupt

WEIGHTS = "a" * 64


def folder_of(path: Path, pooling: dict[str, Any], *more: str, **files: Any) -> Path:
    """A folder with a Pooling module and others; `files` are JSON files of the folder."""
    kinds = ("Transformer", "Pooling", *more)
    modules = [
        {"idx": place, "path": f"{place}_{kind}" if place else "", "type": f"sentence_transformers.x.{kind}"}
        for place, kind in enumerate(kinds)
    ]
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    for name, content in {"modules": modules, **files}.items():
        (path / f"{name}.json").write_text(json.dumps(content))
    return path


def test_a_folder_without_modules_has_the_mean(tmp_path: Path) -> None:
    assert read_sentence_model(tmp_path) == SentenceModel()
    assert SentenceModel().fingerprint(WEIGHTS) == WEIGHTS


@pytest.mark.parametrize(
    ("pooling", "modes"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, ("mean",)),
        ({"pooling_mode_cls_token": True}, ("cls",)),
        ({"pooling_mode_lasttoken": True}, ("lasttoken",)),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, ("max", "mean")),
        ({"pooling_mode_weightedmean_tokens": True}, ("weightedmean",)),
        ({"pooling_mode": "cls", "embedding_dimension": 4}, ("cls",)),
        ({"pooling_mode": ["mean", "max"]}, ("mean", "max")),
    ],
)
def test_poolings_of_all_versions_are_read(
    tmp_path: Path, pooling: dict[str, Any], modes: tuple[str, ...]
) -> None:
    model = read_sentence_model(folder_of(tmp_path, pooling, "Normalize"))
    assert model.pooling == modes
    assert model.width(8) == 8 * len(modes)


def test_prompts_limits_and_dimensions_are_read(tmp_path: Path) -> None:
    settings = {"prompts": {"query": "q: ", "passage": "p: "}, "truncate_dim": 16}
    limits = {"max_seq_length": 128, "do_lower_case": True}
    files = {
        "config_sentence_transformers": settings,
        "sentence_bert_config": limits,
        "tokenizer_config": {"model_max_length": 10**30},
    }
    model = read_sentence_model(folder_of(tmp_path, {"pooling_mode": "mean"}, **files))
    assert (model.query_prompt, model.product_prompt) == ("q: ", "p: ")
    assert (model.dim, model.max_tokens, model.lowercase) == (16, 128, True)
    assert (model.width(64), model.width(8)) == (16, 8)
    assert model.fingerprint(WEIGHTS) != WEIGHTS


def test_a_default_prompt_is_for_both_sides(tmp_path: Path) -> None:
    settings = {"prompts": {"search": "find: "}, "default_prompt_name": "search"}
    files = {"config_sentence_transformers": settings}
    model = read_sentence_model(folder_of(tmp_path, {"pooling_mode": "mean"}, **files))
    assert (model.query_prompt, model.product_prompt) == ("find: ", "find: ")


@pytest.mark.parametrize(
    ("name", "prompts"),
    [
        ("multilingual-e5-small", ("query: ", "passage: ")),
        ("e5-base-v2", ("query: ", "passage: ")),
        ("multilingual-e5-large-instruct", ("", "")),
        ("bge-small-en-v1.5", ("Represent this sentence for searching relevant passages: ", "")),
        ("bge-m3", ("", "")),
        ("all-MiniLM-L6-v2", ("", "")),
    ],
)
def test_known_models_have_their_prompts(tmp_path: Path, name: str, prompts: tuple[str, str]) -> None:
    assert known_prompts(name) == prompts
    found = read_sentence_model(tmp_path, name)
    assert (found.query_prompt, found.product_prompt) == prompts


def test_a_dense_module_changes_the_width_and_the_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"pooling_mode": "mean"}, "Dense")
    (folder / "2_Dense").mkdir()
    activation = "torch.nn.modules.activation.Tanh"
    content = {"in_features": 8, "out_features": 3, "activation_function": activation}
    (folder / "2_Dense" / "config.json").write_text(json.dumps(content))
    names = []
    for value in (0.0, 1.0):
        save_file({"linear.weight": np.full((3, 8), value, np.float32)}, folder / "2_Dense/model.safetensors")
        model = read_sentence_model(folder)
        assert (model.width(8), model.dense[0].activation) == (3, "Tanh")
        names.append(model.fingerprint(WEIGHTS))
    assert names[0] != names[1]


@pytest.mark.parametrize(
    ("pooling", "more", "files", "words"),
    [
        ({"pooling_mode": "median"}, (), {}, "pooling_mode 'median' is unknown"),
        ({"pooling_mode": "mean"}, ("LSTM",), {}, "has the module 'LSTM'"),
        ({"pooling_mode": "mean"}, ("Dense",), {}, r"2_Dense/config\.json cannot be read"),
        (
            {"pooling_mode": "mean", "include_prompt": False},
            (),
            {"config_sentence_transformers": {"prompts": {"query": "q: "}}},
            "include_prompt is false",
        ),
        ({"pooling_mode": "mean"}, (), {"sentence_bert_config": [1]}, "is no JSON object"),
        ({"pooling_mode": "mean"}, (), {"modules": [1]}, "is no list of modules"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    tmp_path: Path, pooling: dict[str, Any], more: tuple[str, ...], files: dict[str, Any], words: str
) -> None:
    folder = folder_of(tmp_path, pooling, *more, **files)
    with pytest.raises(Corrupt, match=words):
        read_sentence_model(folder)
