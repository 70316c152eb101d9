"""Makes products of matching variants: one row of each family, the best that may be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.families import Families
from services.retrieval.filters import Mask

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Best = Callable[[int], tuple[Rows, Scores]]

_DEEPER = 4  # a list whose families are too few is made so many times longer
_DEEPEST = 64  # times what was asked for


@dataclass(frozen=True)
class Grouping:
    """The groups of one request: families of variants, or every row alone."""

    families: Families | None  # None: every row alone
    row_count: int
    matching: Mask | None = None  # (n,): rows that may be shown; None: all

    def codes(self, rows: Rows) -> Rows:
        """The group of each row (k,)."""
        return rows if self.families is None else self.families.codes[rows].astype(np.int64)

    def distinct(self, rows: Rows) -> Rows:
        """The first row of each group in a list (k,), in its order."""
        return rows if self.families is None else rows[self.families.first_places(rows)]

    def count(self) -> int:
        """How many groups have a matching row."""
        if self.families is not None:
            return self.families.count(self.matching)
        return self.row_count if self.matching is None else int(np.count_nonzero(self.matching))

    def deep(self, best: Best, limit: int) -> tuple[Rows, Scores]:
        """A ranked list that has the rows of the first `limit` groups, if there are so many.

        `best` makes a list of a given length at most.
        """
        rows, scores = best(limit)
        if self.families is None:
            return rows, scores
        length = limit
        firsts = self.families.first_places(rows)
        while len(firsts) < limit and len(rows) >= length < _DEEPEST * limit:
            length *= _DEEPER
            rows, scores = best(length)
            firsts = self.families.first_places(rows)
        beyond = firsts[limit : limit + 1]
        return (rows[: beyond[0]], scores[: beyond[0]]) if len(beyond) else (rows, scores)

    def shown(self, rows: Rows, worth: Callable[[Rows], NDArray[np.float64]]) -> Rows:
        """The row of each one's group (k,) that is worth most among the matching ones."""
        if self.families is None or not len(rows):
            return rows
        candidates = np.union1d(rows, self.matching_rows(rows))
        _, group, sizes = np.unique(self.codes(candidates), return_inverse=True, return_counts=True)
        candidates = candidates[sizes[group] > 1]
        if not len(candidates):
            return rows
        codes = self.codes(candidates)
        order = np.lexsort((candidates, -worth(candidates), codes))
        best = order[np.unique(codes[order], return_index=True)[1]]  # by code
        places = np.minimum(np.searchsorted(codes[best], self.codes(rows)), len(best) - 1)
        return np.where(codes[best][places] == self.codes(rows), candidates[best][places], rows)

    def counts(self, rows: Rows) -> NDArray[np.int64]:
        """How many matching rows the group of each row (k,) has. The groups must be distinct."""
        if self.families is None:
            matching = np.ones(len(rows), np.bool_) if self.matching is None else self.matching[rows]
            return matching.astype(np.int64)
        codes = self.codes(rows)
        known, counts = np.unique(self.codes(self.matching_rows(rows)), return_counts=True)
        if not len(known):
            return np.zeros(len(rows), np.int64)
        places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        return np.where(known[places] == codes, counts[places], 0)

    def matching_rows(self, rows: Rows) -> Rows:
        """All matching rows of the groups of some rows."""
        if self.families is None:
            return rows
        found = self.families.rows_of(np.unique(self.families.codes[rows]))
        return found if self.matching is None else found[self.matching[found]]


def continued(codes: Rows, shown: Rows, offset: int) -> Rows:
    """The places of a list of groups that follow those shown last, wherever these are now.

    `shown` (k,) are in the order in which they were shown. Some may have been removed, or moved
    alone, and others may have come between them. So the list goes on after the first of them that
    is where most of them are, without all of them. If none is left it goes on at `offset`.
    """
    found = [np.flatnonzero(codes == code)[:1] for code in shown]
    places = np.concatenate([np.empty(0, np.int64), *found])
    if not len(places):
        return np.arange(offset, len(codes))
    shifts = places - np.arange(len(places))
    first = int(np.argmax(shifts == np.sort(shifts)[(len(shifts) - 1) // 2]))
    following = np.arange(int(places[first]) + 1, len(codes))
    return following[~np.isin(following, places)]
