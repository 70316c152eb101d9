"""Which rows of the tables are opens: one rule for all training."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.feedback.join.tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa

RULE_COLUMNS = ("visitor_id", "views", "clicks", "left_out")  # read by `opened`


def opened(table: pa.Table) -> NDArray[np.bool_]:
    """(rows,): whether a known visitor opened the product, by events that count."""
    counts = np.array(table["left_out"].to_pylist(), object) == ""
    counts &= np.array(table["visitor_id"].to_pylist(), object) != ""
    opens = np.asarray(table["clicks"].to_numpy()) + np.asarray(table["views"].to_numpy())
    found: NDArray[np.bool_] = counts & (opens > 0)
    return found


def opened_rows(tables: Tables, day: date, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a day that are opens, with `columns` and RULE_COLUMNS."""
    table = tables.read(day, day, (*columns, *RULE_COLUMNS))
    rows: list[dict[str, Any]] = table.take(np.flatnonzero(opened(table))).to_pylist()
    return rows
