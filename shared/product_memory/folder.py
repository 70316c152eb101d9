"""The product memory on disk, in DATA/product_memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import load
from shared.product_memory.memory import WINDOWS_DAYS, ProductMemory
from shared.product_memory.neighbours import Neighbours
from shared.versioned_memory.store import MemoryStore

_ARRAYS = (
    "purchases",
    "first_purchases",
    "opens",
    "repeat_rate",
    "repeat_days",
    "first_day",
    "price",
)
_NEIGHBOURS = ("bought", "opened", "owned", "owned_lately")
_PARTS = ("ends", "places", "scores")  # of neighbours
_PRODUCT_IDS = "product_ids.json"


def _write(folder: Path, memory: ProductMemory) -> dict[str, Any]:
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(memory, name))
    for name in _NEIGHBOURS:
        for part in _PARTS:
            np.save(folder / f"{name}_{part}.npy", getattr(getattr(memory, name), part))
    (folder / _PRODUCT_IDS).write_text(json.dumps(list(memory.product_ids), ensure_ascii=False))
    return {
        "product_count": len(memory),
        "pair_counts": {name: len(getattr(memory, name).places) for name in _NEIGHBOURS},
        "windows_days": list(WINDOWS_DAYS),
    }


def _read(folder: Path, manifest: Mapping[str, Any]) -> ProductMemory:
    arrays: dict[str, Any] = {name: load(folder / f"{name}.npy") for name in _ARRAYS}
    product_ids = json.loads((folder / _PRODUCT_IDS).read_text())
    written = manifest["pair_counts"]  # memories of older versions have fewer lists
    lists: dict[str, Any] = {
        name: _neighbours(folder, name) if name in written else Neighbours.none(len(product_ids))
        for name in _NEIGHBOURS
    }
    return ProductMemory(product_ids, **lists, **arrays, version=folder.name)


def _neighbours(folder: Path, name: str) -> Neighbours:
    return Neighbours(*(load(folder / f"{name}_{part}.npy") for part in _PARTS))


PRODUCT_MEMORIES = MemoryStore[ProductMemory]("product_memory", 2, _write, _read)
