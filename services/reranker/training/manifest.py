"""Writes a bundle's manifest, without torch, which training of the ranker does not need."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.artifacts import sha256
from shared.models.bundle import (
    BLOCK,
    CROSS_ENCODER,
    HEADS,
    MANIFEST,
    RANKER,
    RANKER_FEATURES,
    RECOMMEND_FILES,
    TOKENIZER,
)

_FILES = (HEADS, BLOCK, RANKER, RANKER_FEATURES, *RECOMMEND_FILES, CROSS_ENCODER, TOKENIZER)


def write_manifest(  # noqa: PLR0913 - the fields of bundle.json
    folder: Path,
    version: str,
    trained_on: Sequence[str],
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    encoder: str,
) -> None:
    """Write FOLDER/bundle.json with hashes of the files in the folder. Call it last.

    `encoder` is the name of the encoder that the heads were made for.
    """
    present = [name for name in _FILES if (folder / name).exists()]
    manifest = {
        "version": version,
        "encoder": encoder,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "trained_on": list(trained_on),
        "files": {name: sha256(folder / name) for name in present},
        "metrics": dict(metrics),
        "training": {"token_weight": "special tokens included", **training},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
