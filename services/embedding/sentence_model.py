"""How a sentence-transformers folder turns token states into a vector.

modules.json                        the modules, in order: Transformer, Pooling, Dense, Normalize
1_Pooling/config.json               how token states become one vector
2_Dense/                            a layer after pooling; optional
config_sentence_transformers.json   prompts, and a dimension to cut vectors to; optional
sentence_bert_config.json           how many tokens are read, and whether in lower case; optional
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.embedding.known_prompts import NO_PROMPTS, known_prompts
from shared.artifacts import sha256
from shared.errors import Corrupt

MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
PLAIN_POOLING = ("mean",)
DENSE_FILE = "model.safetensors"
ACTIVATIONS = {"Identity": "", "Tanh": "Tanh", "GELU": "Gelu", "ReLU": "Relu", "Sigmoid": "Sigmoid"}
_TRANSFORMER = "Transformer"
_MODULES = (_TRANSFORMER, "Pooling", "Dense", "Normalize")
_LONGEST_TEXTS = 100_000  # tokens; tokenizers without a limit have 10^30 as theirs


@dataclass(frozen=True, slots=True)
class DenseModule:
    """A layer after pooling: its folder, and the ONNX operator of its activation."""

    folder: str
    activation: str  # "": none
    width: int  # of its output
    sha256: str  # of its weights


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """What a sentence-transformers model does besides its transformer.

    The default is the mean of the token states.
    """

    pooling: tuple[str, ...] = PLAIN_POOLING  # results of several modes are joined
    dense: tuple[DenseModule, ...] = ()
    query_prompt: str = ""  # put before a query
    product_prompt: str = ""  # put before a product's text
    lowercase: bool = False
    dim: int = 0  # vectors are cut to so many numbers, and scaled to length one; 0: all
    max_tokens: int = _LONGEST_TEXTS  # of a text, with the special ones

    @property
    def is_plain(self) -> bool:
        """Whether it is the mean of the token states of the text alone."""
        return self == SentenceModel(max_tokens=self.max_tokens)

    @property
    def is_mean(self) -> bool:
        """Whether a vector is the mean of token states, as long as they are."""
        return self.pooling == PLAIN_POOLING and not self.dense and not self.dim

    def width(self, hidden: int) -> int:
        """The numbers of a vector. `hidden` are those of a token state."""
        made = self.dense[-1].width if self.dense else hidden * len(self.pooling)
        return min(self.dim, made) if self.dim else made

    def fingerprint(self, weights_sha256: str) -> str:
        """A checksum of the weights and of everything that changes a vector.

        For a plain model, it is that of the weights.
        """
        if self.is_plain:
            return weights_sha256
        content = {**asdict(self), "weights": weights_sha256, "max_tokens": 0}
        for each in content["dense"]:
            each["folder"] = ""
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_sentence_model(folder: Path, name: str = "") -> SentenceModel:
    """What a folder's own files say. Without modules.json: the mean of the token states.

    `name` tells which prompts a model without any was trained with. Raises Corrupt, naming the
    file, if one cannot be read or has something that this version cannot do.
    """
    found = dict(_modules(folder))
    reading = _optional(folder / "sentence_bert_config.json")
    settings = _optional(folder / "config_sentence_transformers.json")
    prompts = _prompts(settings, name)
    model = SentenceModel(
        pooling=_pooling(folder / found["Pooling"][0]) if "Pooling" in found else PLAIN_POOLING,
        dense=tuple(_dense(folder, each) for each in found.get("Dense", ())),
        query_prompt=prompts[0],
        product_prompt=prompts[1],
        lowercase=reading.get("do_lower_case") is True,
        dim=_number(settings.get("truncate_dim")) or 0,
        max_tokens=_max_tokens(folder, reading),
    )
    _check_prompts(folder, found, model)
    return model


def _modules(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The folders of each kind of module."""
    path = folder / "modules.json"
    if not path.is_file():
        return
    content = _json(path)
    kinds: dict[str, list[str]] = {}
    try:
        for module in content:
            kinds.setdefault(str(module["type"]).rpartition(".")[2], []).append(str(module["path"]))
    except (TypeError, KeyError) as error:
        raise Corrupt(f"{path} is no list of modules ({error!r}); fetch the model again") from error
    if strange := [kind for kind in kinds if kind not in _MODULES]:
        known = ", ".join(_MODULES)
        raise Corrupt(f"{path} has the module {strange[0]!r}; only {known} can be used")
    yield from kinds.items()


def _pooling(folder: Path) -> tuple[str, ...]:
    content = _object(folder / "config.json")
    if given := content.get("pooling_mode"):
        modes = (given,) if isinstance(given, str) else tuple(map(str, given))
    else:
        named = tuple(mode for mode in MODES if content.get(_old_name(mode)) is True)
        modes = named or PLAIN_POOLING
    if strange := [mode for mode in modes if mode not in MODES]:
        fault = f"pooling_mode {strange[0]!r} is unknown; use {', '.join(MODES)}"
        raise Corrupt(f"{folder / 'config.json'}: {fault}")
    return modes


def _old_name(mode: str) -> str:
    """The name of a mode's own setting, in models saved before sentence-transformers 6."""
    suffix = {"cls": "cls_token", "max": "max_tokens", "mean": "mean_tokens"}
    others = {"weightedmean": "weightedmean_tokens"}
    return f"pooling_mode_{(suffix | others).get(mode, mode)}"


def _dense(folder: Path, name: str) -> DenseModule:
    path = folder / name / "config.json"
    content = _object(path)
    kind = str(content.get("activation_function", "Tanh")).rpartition(".")[2]
    if kind not in ACTIVATIONS:
        fault = f"activation_function {kind!r} is unknown; use {', '.join(ACTIVATIONS)}"
        raise Corrupt(f"{path}: {fault}")
    weights = folder / name / DENSE_FILE
    if not weights.is_file():
        raise Corrupt(f"{weights} is missing; save the model as safetensors")
    if not isinstance(width := content.get("out_features"), int):
        raise Corrupt(f"{path} has no out_features; fetch the model again")
    return DenseModule(name, ACTIVATIONS[kind], width, sha256(weights))


def _prompts(settings: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The prompts for queries and for products."""
    prompts = settings.get("prompts")
    if not isinstance(prompts, dict) or not any(prompts.values()):
        return known_prompts(name)
    default = str(prompts.get(settings.get("default_prompt_name"), ""))
    query = str(prompts.get("query", default))
    named = [prompts[each] for each in ("document", "passage", "corpus") if each in prompts]
    return query, str(named[0] if named else default)


def _check_prompts(folder: Path, found: Mapping[str, list[str]], model: SentenceModel) -> None:
    """Refuse a model whose vectors leave the tokens of its prompt out."""
    if "Pooling" not in found or (model.query_prompt, model.product_prompt) == NO_PROMPTS:
        return
    path = folder / found["Pooling"][0] / "config.json"
    if _object(path).get("include_prompt") is False:
        fault = "include_prompt is false; prompts that vectors leave out cannot be used"
        raise Corrupt(f"{path}: {fault}")


def _max_tokens(folder: Path, reading: Mapping[str, Any]) -> int:
    """The least of the limits that the folder names."""
    tokenizer = _optional(folder / "tokenizer_config.json")
    limits = (_number(reading.get("max_seq_length")), _number(tokenizer.get("model_max_length")))
    return min([_LONGEST_TEXTS, *(each for each in limits if each)])


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and 2 < value < _LONGEST_TEXTS else None


def _optional(path: Path) -> dict[str, Any]:
    return _object(path) if path.is_file() else {}


def _object(path: Path) -> dict[str, Any]:
    content = _json(path)
    if not isinstance(content, dict):
        raise Corrupt(f"{path} is no JSON object; fetch the model again")
    return content


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Corrupt(f"{path} cannot be read ({error}); fetch the model again") from error
