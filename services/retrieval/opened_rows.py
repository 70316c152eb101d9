"""The leg of what shoppers did: products that they opened under a query and those near it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask
from services.retrieval.snapshots import Snapshot
from shared.query_memory.memory import QueryMemory
from shared.query_memory.near import likely_products


def opened_rows(  # noqa: PLR0913 - a query, where to look, and what to leave out
    snapshot: Snapshot,
    memory: QueryMemory,
    query: str,
    vector: NDArray[np.float32] | None,
    limit: int,
    allowed: Mask | None,
) -> NDArray[np.int64]:
    """Rows of the snapshot, the most opened first, at most `limit`; `allowed` (n,) may be shown."""
    same = memory.encoder_version == snapshot.encoder_version
    likely = likely_products(memory, query, vector if same else None, limit)
    found = [row for each in likely if (row := snapshot.products.row(each)) is not None]
    rows = np.array(found, np.int64)
    return rows if allowed is None else rows[allowed[rows]]
