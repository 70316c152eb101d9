"""What matches a query: by its words, by its vector, and by what shoppers opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask
from services.retrieval.lexical_search import LexicalSearch

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Elsewhere = Callable[[Rows], NDArray[np.bool_]]

FIRST, HOLDS_NUMBERS, OTHER = 0, 1, 3  # precedence; 2 and 4 are against a soft filter


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


def with_set(lists: Lists, matching: Mask, by_words: bool) -> Lists:
    """The lists with their match set: what holds enough words, or else all that is listed."""
    if not by_words:
        matching[lists.lexical] = matching[lists.dense] = matching[lists.remembered] = True
    return replace(lists, matching=matching, by_words=by_words)


def sorted_set(lists: Lists, words: LexicalSearch, elsewhere: Elsewhere) -> tuple[Lists, list[str]]:
    """The lists with the match set of orders other than relevance, and a note of what is left out.

    If any product has all the words in its name, keep only such products: by price, a camera comes
    first, not a cheaper pet feeder with a camera. Nor a camera strap, if the query names a
    category: `elsewhere` says which of some matching rows (k,) are in others.
    """
    if not lists.by_words or lists.matching is None:
        return lists, []
    named = lists.matching & words.named()
    rows = np.flatnonzero(named)
    named[rows[elsewhere(rows)]] = False
    count = int(np.count_nonzero(lists.matching)) - int(np.count_nonzero(named))
    if not named.any() or not count:
        return lists, []
    note = f"{count:,} products with the query's words outside their names, or of other categories,"
    return replace(lists, matching=named), [f"order_by: {note} are left out"]


def precedence(
    words: LexicalSearch, rows: Rows, lists: Lists, against: NDArray[np.bool_]
) -> NDArray[np.uint32]:
    """(k,): which rows come first, whatever their scores; a smaller value sorts first.

    0 for rows whose code is in the query. Rows with all of its numbers come before others, if some
    match has them all. Of either, those that are `against` (k,) a soft filter come last.
    """
    numbers = np.zeros(len(rows), np.bool_)
    if not len(lists.lexical):
        return np.full(len(rows), OTHER, np.uint32)
    numbered = words.numbered() if lists.by_words else None
    if numbered is not None:
        if lists.matching is not None:
            numbered &= lists.matching
        numbers = numbered[rows]
    found = np.where(numbers, HOLDS_NUMBERS, OTHER) + against
    found[words.pinned()[rows]] = FIRST
    return found.astype(np.uint32)
