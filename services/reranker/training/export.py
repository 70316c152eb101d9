"""Write a bundle: heads, block, ranker, and a manifest with their checksums."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from safetensors.numpy import save_file

from services.reranker.training.block_graph import block_graph
from services.reranker.training.student import Student
from shared.artifacts import sha256
from shared.bundle import (
    BLOCK,
    CROSS_ENCODER,
    ENCODER_PREFIX,
    HEADS,
    MANIFEST,
    RANKER,
    RANKER_FEATURES,
    TOKENIZER,
)

_FILES = (HEADS, BLOCK, RANKER, RANKER_FEATURES, CROSS_ENCODER, TOKENIZER)


def write_student(student: Student, folder: Path) -> None:
    """Write FOLDER/heads.safetensors, with what the encoder has learnt if it did, and FOLDER/block.onnx."""
    tensors = {name: tensor.detach().numpy().copy() for name, tensor in student.heads.state_dict().items()}
    learnt = student.encoder.learnt() if student.encoder else {}
    save_file({**tensors, **{f"{ENCODER_PREFIX}{name}": each for name, each in learnt.items()}}, folder / HEADS)
    (folder / HEADS).chmod(0o644)  # safetensors writes for the owner alone; bundles are shipped
    onnx.save(block_graph(student.block, student.shape), folder / BLOCK)


def write_manifest(
    folder: Path, version: str, trained_on: Sequence[str], metrics: Mapping[str, Any], training: Mapping[str, Any]
) -> None:
    """Write FOLDER/bundle.json over the files that are there; the last thing to write."""
    present = [name for name in _FILES if (folder / name).exists()]
    manifest = {
        "version": version,
        "encoder": "all-MiniLM-L6-v2",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "trained_on": list(trained_on),
        "files": {name: sha256(folder / name) for name in present},
        "metrics": dict(metrics),
        "training": {"token_weight": "special tokens included", **training},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
