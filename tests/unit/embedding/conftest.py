"""A tiny BERT with random weights, so that unit tests need no model."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

DIM = 64
STATE_DIM = 16
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "wireless",
    "mouse",
    "red",
    "shoe",
    "lamp",
    "for",
    "desk",
    "##s",
]


def bert_tensors(seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)

    def tensor(*shape: int) -> Any:
        return random.normal(0, 0.2, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": tensor(len(WORDS), DIM),
        "embeddings.position_embeddings.weight": tensor(64, DIM),
        "embeddings.token_type_embeddings.weight": tensor(2, DIM),
    }
    layers = {
        "attention.self.query": (DIM, DIM),
        "attention.self.key": (DIM, DIM),
        "attention.self.value": (DIM, DIM),
    }
    layers |= {
        "attention.output.dense": (DIM, DIM),
        "intermediate.dense": (2 * DIM, DIM),
        "output.dense": (DIM, 2 * DIM),
    }
    for layer in range(2):
        for name, shape in layers.items():
            tensors[f"encoder.layer.{layer}.{name}.weight"] = tensor(*shape)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = tensor(shape[0])
    norms = [f"encoder.layer.{layer}.{name}" for layer in range(2) for name in ("attention.output", "output")]
    for name in ("embeddings", *norms):
        tensors[f"{name}.LayerNorm.weight"] = 1 + tensor(DIM)
        tensors[f"{name}.LayerNorm.bias"] = tensor(DIM)
    return tensors


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """model.safetensors, tokenizer.json and config.json of the tiny BERT."""
    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    save_file(bert_tensors(), folder / "model.safetensors")
    sizes = {
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "hidden_size": DIM,
        "intermediate_size": 2 * DIM,
    }
    sizes |= {"vocab_size": len(WORDS), "max_position_embeddings": 64}
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_act": "gelu", **sizes}))
    tokenizer = Tokenizer(models.WordPiece({word: row for row, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle with random heads, more tensors, and training settings."""

    def make(extra: dict[str, Any] | None = None, **training: int) -> Path:
        folder = tmp_path / "bundle"
        random = np.random.default_rng(1)
        folder.mkdir()
        heads = {
            "state_projection.weight": random.normal(size=(STATE_DIM, DIM)).astype(np.float32),
            "token_weight.weight": random.normal(0, 0.1, (1, DIM)).astype(np.float32),
            "token_weight.bias": np.zeros(1, np.float32),
        }
        save_file({**heads, **(extra or {})}, folder / "heads.safetensors")
        checksum = hashlib.sha256((folder / "heads.safetensors").read_bytes()).hexdigest()
        content = {"version": "b1", "files": {"heads.safetensors": checksum}, "training": training}
        (folder / "bundle.json").write_text(json.dumps(content))
        return folder

    return make
