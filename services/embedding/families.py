"""The weights of transformers that are BERT but for their names.

BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019) and XLM-R, DistilBERT (Sanh et al. 2019), and
MPNet (Song et al. 2020), whose attention has a bias for each distance of two tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]
Config = dict[str, Any]

ACTIVATIONS = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}  # of ONNX's Gelu
POSITIONS = "embeddings.position_embeddings.weight"
DISTANCES = "encoder.relative_attention_bias.weight"
_KINDS = "embeddings.token_type_embeddings.weight"
_WORDS = "embeddings.word_embeddings.weight"
_PREFIXES = ("bert.", "roberta.", "distilbert.", "mpnet.", "model.")
# RoBERTa and MPNet count positions from the number of the padding token, plus one.
_PADDING = 1
_DISTILBERT = (
    (re.compile(r"^transformer\.layer\."), "encoder.layer."),
    (re.compile(r"\.attention\.q_lin\."), ".attention.self.query."),
    (re.compile(r"\.attention\.k_lin\."), ".attention.self.key."),
    (re.compile(r"\.attention\.v_lin\."), ".attention.self.value."),
    (re.compile(r"\.attention\.out_lin\."), ".attention.output.dense."),
    (re.compile(r"\.sa_layer_norm\."), ".attention.output.LayerNorm."),
    (re.compile(r"\.ffn\.lin1\."), ".intermediate.dense."),
    (re.compile(r"\.ffn\.lin2\."), ".output.dense."),
    (re.compile(r"\.output_layer_norm\."), ".output.LayerNorm."),
)
_MPNET = (
    (re.compile(r"\.attention\.attn\.q\."), ".attention.self.query."),
    (re.compile(r"\.attention\.attn\.k\."), ".attention.self.key."),
    (re.compile(r"\.attention\.attn\.v\."), ".attention.self.value."),
    (re.compile(r"\.attention\.attn\.o\."), ".attention.output.dense."),
    (re.compile(r"\.attention\.LayerNorm\."), ".attention.output.LayerNorm."),
)
_DISTILBERT_SIZES = {
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "hidden_size": "dim",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
}


def _bert(tensors: Tensors, config: Config) -> Tensors:
    return tensors


def _roberta(tensors: Tensors, config: Config) -> Tensors:
    first = int(config.get("pad_token_id", _PADDING)) + 1
    return {**tensors, POSITIONS: tensors[POSITIONS][first:]}


def _distilbert(tensors: Tensors, config: Config) -> Tensors:
    return _without_kinds({_renamed(name, _DISTILBERT): each for name, each in tensors.items()})


def _mpnet(tensors: Tensors, config: Config) -> Tensors:
    renamed = {_renamed(name, _MPNET): each for name, each in tensors.items()}
    return _without_kinds({**renamed, POSITIONS: renamed[POSITIONS][_PADDING + 1 :]})


_FAMILIES: Mapping[str, Callable[[Tensors, Config], Tensors]] = {
    "bert": _bert,
    "roberta": _roberta,
    "xlm-roberta": _roberta,
    "camembert": _roberta,
    "distilbert": _distilbert,
    "mpnet": _mpnet,
}
FAMILIES = tuple(_FAMILIES)
_ROBERTAS = tuple(kind for kind, convert in _FAMILIES.items() if convert is _roberta)


def as_bert(tensors: Tensors, config: Config) -> Tensors:
    """The weights by BERT's names. Raises KeyError for a missing tensor."""
    return _FAMILIES[config["model_type"]](_without_prefix(tensors), config)


def bert_config(config: Config) -> Config:
    """A config.json with BERT's names for the sizes."""
    if config.get("model_type") != "distilbert":
        return config
    named = {ours: config[theirs] for ours, theirs in _DISTILBERT_SIZES.items() if theirs in config}
    return {**config, **named}


def is_known(config: Config) -> bool:
    """Whether our own graph computes a model with this config.json (BERT's names)."""
    return (
        config.get("model_type") in _FAMILIES
        and config.get("hidden_act") in ACTIVATIONS
        and config.get("position_embedding_type", "absolute") == "absolute"
    )


def positions(config: Config) -> int | None:
    """The most tokens that the model can read. None if its config.json does not say."""
    found = config.get("max_position_embeddings")
    if not isinstance(found, int):
        return None
    kind = config.get("model_type")
    if kind == "mpnet":
        return found - _PADDING - 1
    return found - int(config.get("pad_token_id", _PADDING)) - 1 if kind in _ROBERTAS else found


def distance_buckets(length: int, buckets: int, farthest: int = 128) -> NDArray[np.int64]:
    """The bucket of each distance from 1 - length to length - 1 (T5's, Raffel et al. 2020)."""
    distances = np.arange(1 - length, length)
    half = buckets // 2
    near = half // 2
    size = np.abs(distances)
    times = np.maximum(size, 1).astype(np.float32) / near
    growth = np.log(times) / np.float32(np.log(farthest / near))
    wide = near + (growth * (half - near)).astype(np.int64)
    found = np.where(size < near, size, np.minimum(wide, half - 1))
    return np.where(distances > 0, half, 0) + found


def _renamed(name: str, names: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, other in names:
        name = pattern.sub(other, name)
    return name


def _without_prefix(tensors: Tensors) -> Tensors:
    """The names without the prefix that models with a head on top have."""
    prefix = next((each for each in _PREFIXES if f"{each}{_WORDS}" in tensors), "")
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


def _without_kinds(tensors: Tensors) -> Tensors:
    """The weights with a token type that adds nothing."""
    return {**tensors, _KINDS: np.zeros((2, tensors[_WORDS].shape[1]), np.float32)}
