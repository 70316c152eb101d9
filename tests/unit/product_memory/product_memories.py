"""A small product memory for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shared.product_memory.memory import ProductMemory
from shared.product_memory.neighbours import Neighbours

Lists = Mapping[str, Mapping[str, float]]  # product -> neighbour -> score
TODAY = 20_000  # days since 1970
NOW_SECONDS = TODAY * 86_400.0


def neighbours(product_ids: Sequence[str], lists: Lists) -> Neighbours:
    """The lists, each with its best first."""
    rows = [sorted(lists.get(each, {}).items(), key=lambda item: -item[1]) for each in product_ids]
    return Neighbours(
        np.cumsum([len(row) for row in rows], dtype=np.int64),
        np.array([product_ids.index(name) for row in rows for name, _ in row], np.int32),
        np.array([score for row in rows for _, score in row], np.float32),
    )


def product_memory(  # noqa: PLR0913 - the parts of a memory
    product_ids: Sequence[str] = ("ant", "bee", "cat", "dog"),
    bought: Lists | None = None,
    opened: Lists | None = None,
    owned: Lists | None = None,
    owned_lately: Lists | None = None,
    purchases: Mapping[str, Sequence[float]] | None = None,
) -> ProductMemory:
    """Products first seen one day after another up to yesterday, with what is given.

    `purchases` are of the last day, week, month and quarter, which is all that is known, and decayed.
    """
    count = len(product_ids)
    table = np.zeros((count, 6), np.float32)
    for name, counts in (purchases or {}).items():
        *windows, decayed = counts
        table[product_ids.index(name)] = *windows, windows[-1], decayed
    return ProductMemory(
        product_ids,
        neighbours(product_ids, bought or {}),
        neighbours(product_ids, opened or {}),
        neighbours(product_ids, owned or {}),
        neighbours(product_ids, owned_lately or {}),
        table,
        *([np.zeros((count, 6), np.float32)] * 2),
        np.full(count, 0.25, np.float32),
        np.full(count, 30.0, np.float32),
        np.arange(TODAY - count, TODAY, dtype=np.float32),
        np.full(count, 2.0, np.float32),
    )
