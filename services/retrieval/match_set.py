"""What matches a query: by its words, by its vector, and by what shoppers opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask
from services.retrieval.lexical import LexicalSearch

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

FIRST, HOLDS_NUMBERS, OTHER = range(3)  # precedence


@dataclass(frozen=True)
class Lists:
    """The ranked list of each leg, and the products that match."""

    lexical: Rows
    dense: Rows
    dense_scores: Scores  # in the order of `dense`
    remembered: Rows  # what shoppers opened under the query and near ones
    matching: Mask | None  # (n,); None: all
    by_words: bool = False  # `matching` holds enough of the query's words; the lists may hold more


NOTHING = Lists(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64), None
)


def precedence(words: LexicalSearch, rows: Rows, matching: Mask | None) -> NDArray[np.uint32]:
    """(k,): 0 for rows whose code is in the query, 1 for those with all of its numbers, 2 for others.

    Whatever ranks, a smaller one comes first. Numbers count where some match holds all of them.
    """
    found = np.full(len(rows), OTHER, np.uint32)
    numbered = words.numbered()
    if numbered is not None:
        if matching is not None:
            numbered &= matching
        if numbered.any():
            found[numbered[rows]] = HOLDS_NUMBERS
    found[words.pinned()[rows]] = FIRST
    return found
