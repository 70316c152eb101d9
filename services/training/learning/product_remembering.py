"""Make the next product memory when one is due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services.feedback.join.paths import INTERACTIONS
from services.feedback.join.tables import Tables
from services.training.learning.config import TrainerConfig
from services.training.learning.state import LearningState
from services.training.recommending.job import read_interactions
from services.training.recommending.product_memory import MemorySettings, build_product_memory
from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.snapshot.generation import new_version_name


def remember_products(
    data: Path, tables: Tables, config: TrainerConfig, now_seconds: float, force: bool = False
) -> str:
    """Make it from the newest interactions. Returns its version; empty: none was due."""
    state = LearningState.read(data)
    fingerprint = tables.fingerprint(INTERACTIONS)
    recent = now_seconds - state.product_memory_seconds < config.product_memory_seconds
    if not fingerprint or (not force and (recent or fingerprint == state.product_memory_tables)):
        return ""
    lines = read_interactions(tables, config, now_seconds)
    settings = MemorySettings(least_pair_visitors=config.least_pair_visitors)
    memory = build_product_memory(lines, now_seconds, settings)
    version = new_version_name()
    PRODUCT_MEMORIES.write(PRODUCT_MEMORIES.root(data), version, memory, now_seconds)
    replace(state, product_memory_seconds=now_seconds, product_memory_tables=fingerprint).write(data)
    return version
