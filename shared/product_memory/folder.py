"""The product memory on disk: DATA/product_memory/<version>/, immutable, and `current`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from shared import artifacts
from shared.errors import Corrupt
from shared.product_memory.memory import WINDOWS_DAYS, ProductMemory
from shared.product_memory.neighbours import Neighbours

FOLDER = "product_memory"
_FORMAT = 1
_KEPT = 3  # versions: readers may still be at the one before
_ARRAYS = (
    "purchases",
    "first_purchases",
    "opens",
    "repeat_rate",
    "repeat_days",
    "first_day",
    "price",
)
_NEIGHBOURS = ("bought", "opened", "owned")
_PARTS = ("ends", "places", "scores")  # of neighbours
_PRODUCT_IDS = "product_ids.json"
_REMEDY = "remove it; the trainer makes the next one"


def product_memory_root(data: Path) -> Path:
    """Where the versions of a data folder's product memory are."""
    return data / FOLDER


def write_product_memory(root: Path, version: str, memory: ProductMemory, built_seconds: float) -> None:
    """Write a version and use it from now on; versions before the last few are removed."""
    with artifacts.new_version(root, version) as folder:
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(memory, name))
        for name in _NEIGHBOURS:
            for part in _PARTS:
                np.save(folder / f"{name}_{part}.npy", getattr(getattr(memory, name), part))
        (folder / _PRODUCT_IDS).write_text(json.dumps(list(memory.product_ids), ensure_ascii=False))
        artifacts.write_manifest(folder, _manifest(version, memory, built_seconds))
    artifacts.set_current(root, version)
    for old in artifacts.versions(root)[:-_KEPT]:
        shutil.rmtree(root / old, ignore_errors=True)


def read_product_memory(root: Path, version: str) -> ProductMemory:
    """Open a version. Raises NotFound without one, Corrupt naming the file if it cannot be read."""
    folder = root / version
    manifest = artifacts.read_manifest(folder)
    if manifest.get("format") != _FORMAT:
        raise Corrupt(f"{folder} has format {manifest.get('format')!r}, not {_FORMAT}; {_REMEDY}")
    try:
        arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
        lists: dict[str, Any] = {name: _neighbours(folder, name) for name in _NEIGHBOURS}
        product_ids = json.loads((folder / _PRODUCT_IDS).read_text())
    except (OSError, ValueError) as error:
        raise Corrupt(f"{folder} cannot be read ({error}); {_REMEDY}") from error
    return ProductMemory(product_ids, **lists, **arrays, version=version)


def _manifest(version: str, memory: ProductMemory, built_seconds: float) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "version": version,
        "product_count": len(memory),
        "pair_counts": {name: len(getattr(memory, name).places) for name in _NEIGHBOURS},
        "windows_days": list(WINDOWS_DAYS),
        "built_seconds": built_seconds,
    }


def _neighbours(folder: Path, name: str) -> Neighbours:
    return Neighbours(*(np.load(folder / f"{name}_{part}.npy") for part in _PARTS))
