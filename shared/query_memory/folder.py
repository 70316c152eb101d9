"""The query memory on disk: DATA/memory/<version>/, immutable, and `current`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from shared import artifacts
from shared.errors import Corrupt
from shared.query_memory.memory import HALF_LIVES_DAYS, QueryMemory

FOLDER = "memory"
_FORMAT = 1
_KEPT = 3  # versions: readers may still be at the one before
_ARRAYS = ("hashes", "vectors", "ends", "products", "weights")
_LISTS = ("texts", "product_ids")
_REMEDY = "remove it; the trainer makes the next one"


def memory_root(data: Path) -> Path:
    """Where the versions of a data folder's query memory are."""
    return data / FOLDER


def write_memory(root: Path, version: str, memory: QueryMemory, built_seconds: float) -> None:
    """Write a version and use it from now on; versions before the last few are removed."""
    with artifacts.new_version(root, version) as folder:
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(memory, name))
        for name in _LISTS:
            (folder / f"{name}.json").write_text(json.dumps(list(getattr(memory, name)), ensure_ascii=False))
        content = {
            "format": _FORMAT,
            "version": version,
            "encoder_version": memory.encoder_version,
            "query_count": len(memory),
            "half_lives_days": list(HALF_LIVES_DAYS),
            "built_seconds": built_seconds,
        }
        artifacts.write_manifest(folder, content)
    artifacts.set_current(root, version)
    for old in artifacts.versions(root)[:-_KEPT]:
        shutil.rmtree(root / old, ignore_errors=True)


def read_memory(root: Path, version: str) -> QueryMemory:
    """Open a version. Raises NotFound without one, Corrupt naming the file if it cannot be read."""
    folder = root / version
    manifest = artifacts.read_manifest(folder)
    if manifest.get("format") != _FORMAT:
        raise Corrupt(f"{folder} has format {manifest.get('format')!r}, not {_FORMAT}; {_REMEDY}")
    try:
        arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
        lists = {name: json.loads((folder / f"{name}.json").read_text()) for name in _LISTS}
        encoder = str(manifest["encoder_version"])
    except (OSError, ValueError, KeyError) as error:
        raise Corrupt(f"{folder} cannot be read ({error}); {_REMEDY}") from error
    return QueryMemory(**arrays, **lists, encoder_version=encoder, version=version)
