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
    import pyarrow.compute as pc

    counts = pc.equal(table["left_out"], "")
    is_known = pc.not_equal(table["visitor_id"], "")
    was_opened = pc.greater(pc.add(table["clicks"], table["views"]), 0)
    found = pc.fill_null(pc.and_(pc.and_(counts, is_known), was_opened), False)
    rows: NDArray[np.bool_] = found.to_numpy()
    return rows


def opened_rows(tables: Tables, day: date, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a day that are opens, with `columns` and RULE_COLUMNS."""
    table = tables.read(day, day, (*columns, *RULE_COLUMNS))
    rows: list[dict[str, Any]] = table.take(np.flatnonzero(opened(table))).to_pylist()
    return rows
