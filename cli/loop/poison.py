"""A ranker that learns from shuffled clicks, and is judged on real ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from services.feedback.join.tables import Tables
from services.training.learning.lock import only_learner
from services.training.learning.pages import read_pages
from services.training.learning.retraining import LearningSettings, Round, learn

if TYPE_CHECKING:
    import pyarrow as pa

_OPENS = ("views", "clicks")
_WAIT_SECONDS = 60.0


class ShuffledTables(Tables):
    """Tables in which, before a moment, each page's clicks are on any product that it showed."""

    def __init__(self, root: Path, until_seconds: float) -> None:
        super().__init__(root)
        self._until_seconds = until_seconds

    def read(self, first_day: date, last_day: date, columns: Sequence[str] | None = None) -> pa.Table:
        """See Tables."""
        import pyarrow as pa

        table = super().read(first_day, last_day, columns)
        order = self._shuffled(table)
        for name in _OPENS:
            place = table.schema.get_field_index(name)
            taken = table[name].take(pa.array(order))
            table = table.set_column(place, table.schema.field(place), taken)
        return table

    def _shuffled(self, table: pa.Table) -> np.ndarray:
        """(r,): for each row, the row of the same page whose clicks it gets."""
        chance = np.random.default_rng(0)
        query_ids = np.array(table["query_id"].to_pylist(), object).astype(str)
        seconds = table["event_time"].cast("int64").to_numpy() / 1e6
        order = np.arange(table.num_rows)
        shown = table["position"].to_numpy() > 0
        for query_id in np.unique(query_ids[seconds < self._until_seconds]):
            rows = np.flatnonzero((query_ids == query_id) & shown)
            order[rows] = chance.permutation(rows)
        return order


def learn_from_shuffled(data: Path, settings: LearningSettings) -> Round:
    """Learn from shuffled training pages; evaluation pages stay in order."""
    tables = Tables(data / "tables")
    days = tables.days()
    pages = read_pages(tables, days, settings.max_pages)
    first_judge = round(len(pages) * (1 - settings.judged_share))
    shuffled = ShuffledTables(data / "tables", float(pages.seconds[first_judge]))
    with only_learner(data, _WAIT_SECONDS):
        return learn(data, shuffled, days, settings)
