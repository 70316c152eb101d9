"""The query memory on disk, in DATA/memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import load
from shared.query_memory.memory import HALF_LIVES_DAYS, QueryMemory
from shared.versioned_memory.store import MemoryStore

_ARRAYS = ("hashes", "vectors", "ends", "products", "weights")
_LISTS = ("texts", "product_ids")


def _write(folder: Path, memory: QueryMemory) -> dict[str, Any]:
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(memory, name))
    for name in _LISTS:
        (folder / f"{name}.json").write_text(json.dumps(list(getattr(memory, name)), ensure_ascii=False))
    return {
        "encoder_version": memory.encoder_version,
        "query_count": len(memory),
        "half_lives_days": list(HALF_LIVES_DAYS),
    }


def _read(folder: Path, manifest: Mapping[str, Any]) -> QueryMemory:
    arrays = {name: load(folder / f"{name}.npy") for name in _ARRAYS}
    lists = {name: json.loads((folder / f"{name}.json").read_text()) for name in _LISTS}
    encoder = str(manifest["encoder_version"])
    return QueryMemory(**arrays, **lists, encoder_version=encoder, version=folder.name)


QUERY_MEMORIES = MemoryStore[QueryMemory]("memory", 1, _write, _read)
