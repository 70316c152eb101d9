"""Makes the next product memory when one is due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services.training.learning.state import LearningState
from services.training.recommending.job import KnownInteractions
from services.training.recommending.product_memory import MemorySettings, build_product_memory
from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.snapshot.generation import new_version_name


def remember_products(data: Path, known: KnownInteractions, force: bool = False) -> str:
    """Make a product memory of the newest interactions.

    Returns its version; empty: none was due.
    """
    state = LearningState.read(data)
    config, now_seconds = known.config, known.now_seconds
    recent = now_seconds - state.product_memory_seconds < config.product_memory_seconds
    unchanged = known.fingerprint == state.product_memory_tables
    if not known.fingerprint or (not force and (recent or unchanged)):
        return ""
    settings = MemorySettings(least_pair_visitors=config.least_pair_visitors)
    memory = build_product_memory(known.lines, now_seconds, settings)
    version = new_version_name()
    PRODUCT_MEMORIES.write(PRODUCT_MEMORIES.root(data), version, memory, now_seconds)
    tables = known.fingerprint
    replace(state, product_memory_seconds=now_seconds, product_memory_tables=tables).write(data)
    return version
