"""Reads the training data of recommendations from a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from services.feedback.join.paths import INTERACTIONS
from services.feedback.join.tables import Tables
from services.training.learning.config import TrainerConfig
from services.training.recommending.interaction_tables import COLUMNS, from_tables
from services.training.recommending.interactions import Interactions
from services.training.recommending.learning import RecommendRound, learn_to_recommend
from services.training.recommending.moment_trainer import RecommendSettings
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from shared import artifacts
from shared.snapshot.generation import snapshots_of


@dataclass(frozen=True)
class KnownInteractions:
    """The newest interactions that count, read once at the first use."""

    tables: Tables
    config: TrainerConfig
    now_seconds: float
    fingerprint: str  # of the tables before they are read; empty: the tables have no days

    @classmethod
    def of(cls, tables: Tables, config: TrainerConfig, now_seconds: float) -> KnownInteractions:
        """The interactions of `tables` up to now; not read yet."""
        return cls(tables, config, now_seconds, tables.fingerprint(INTERACTIONS))

    @cached_property
    def lines(self) -> Interactions:
        """The newest `max_interactions` of the last `interaction_days` days."""
        today = datetime.fromtimestamp(self.now_seconds, UTC).date()
        first_day = today - timedelta(days=self.config.interaction_days)
        days = [day for day in self.tables.interaction_days() if first_day <= day <= today]
        newest_first = (self.tables.interactions(day, day, COLUMNS) for day in reversed(days))
        return from_tables(newest_first, self.config.max_interactions, self.config.counts_without_page)


def train_recommend_job(data: Path, known: KnownInteractions) -> RecommendRound:
    """Run a round of learning on the known interactions."""
    settings = recommend_settings(known.config)
    return learn_to_recommend(data, known.lines, _vectors(data), known.now_seconds, settings)


def recommend_settings(config: TrainerConfig) -> RecommendSettings:
    """The settings of a round, from the configuration."""
    memory = MemorySettings(least_pair_visitors=config.least_pair_visitors)
    return RecommendSettings(threads=config.threads, memory=memory)


def _vectors(data: Path) -> ProductVectors | None:
    root = snapshots_of(data)
    version = artifacts.current(root)
    return ProductVectors.of_snapshot(root / version) if version else None
