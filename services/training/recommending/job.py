"""What a data folder has to learn recommendations from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.feedback.join.tables import Tables
from services.training.learning.config import TrainerConfig
from services.training.recommending.interactions import COLUMNS, Interactions, from_table
from services.training.recommending.learning import (
    RecommendRound,
    RecommendSettings,
    learn_to_recommend,
)
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from shared import artifacts
from shared.snapshot.generation import snapshots_of


def read_interactions(tables: Tables, config: TrainerConfig, now_seconds: float) -> Interactions:
    """The newest interactions that count."""
    today = datetime.fromtimestamp(now_seconds, UTC).date()
    first_day = today - timedelta(days=config.interaction_days)
    return from_table(tables.interactions(first_day, today, COLUMNS), config.counts_without_page)


def train_recommend_job(data: Path, config: TrainerConfig, now_seconds: float) -> RecommendRound:
    """A round of learning from DATA/tables."""
    known = read_interactions(Tables(data / "tables"), config, now_seconds)
    memory = MemorySettings(least_pair_visitors=config.least_pair_visitors)
    settings = RecommendSettings(threads=config.threads, memory=memory)
    return learn_to_recommend(data, known, _vectors(data), now_seconds, settings)


def _vectors(data: Path) -> ProductVectors | None:
    root = snapshots_of(data)
    version = artifacts.current(root)
    return ProductVectors.of_snapshot(root / version) if version else None
