"""The families of variants among the rows of one state of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask
from shared.snapshot.families import Codes
from shared.snapshot.spans import end_to_end

Rows = NDArray[np.int64]
_FEW = 4_096  # so many codes are sorted faster than looked up in an array of all


@dataclass(frozen=True)
class Members:
    """The rows of a snapshot that share their family, by code."""

    rows: Rows  # (k,)
    codes: Codes  # (k,), sorted

    @classmethod
    def of(cls, codes: Codes) -> Members:
        """The variants (n,) and their primary products."""
        variants = np.flatnonzero(codes != np.arange(len(codes)))
        primaries = np.unique(codes[variants]).astype(np.int64)
        rows = np.union1d(variants, primaries[primaries < len(codes)])
        order = np.argsort(codes[rows], kind="stable")
        return cls(rows[order], codes[rows[order]])

    def among(self, codes: Codes) -> Rows:
        """The rows of some families (f,)."""
        first = np.searchsorted(self.codes, codes, "left")
        counts = np.searchsorted(self.codes, codes, "right") - first
        return self.rows[end_to_end(first, counts)[0]]


@dataclass(frozen=True)
class Families:
    """The family of each row: those of a snapshot, then those of its delta.

    A row that is in no member list is its family's only one, and its code is its own number.
    """

    codes: Codes  # (n,)
    code_count: int
    base: Members
    base_count: int  # rows of the snapshot

    def first_places(self, rows: Rows) -> Rows:
        """The places of the first row of each family in a list (k,), in the order of the list."""
        codes = self.codes[rows]
        if len(codes) <= _FEW:
            return np.sort(np.unique(codes, return_index=True)[1])
        places = np.arange(len(codes))
        first = np.empty(self.code_count, np.int64)
        first[codes[::-1]] = places[::-1]  # of an index that is repeated, the last value stays
        return np.flatnonzero(first[codes] == places)

    def count(self, mask: Mask | None) -> int:
        """How many families have a row that `mask` (n,) selects."""
        if mask is None:
            return self._all_count
        members = self.members[mask[self.members]]
        return int(np.count_nonzero(mask)) - len(members) + self._distinct(members)

    def rows_of(self, codes: Codes) -> Rows:
        """The rows of some families, which are distinct."""
        joined = self.base.among(codes)
        extra = self.extra[np.isin(self.codes[self.extra], codes)]
        inside = codes[codes < len(self.codes)].astype(np.int64)
        return np.concatenate([joined, extra, inside[~self.is_member[inside]]])

    @cached_property
    def extra(self) -> Rows:
        """Rows of the delta, and those of the snapshot that have become members by them."""
        delta = np.arange(self.base_count, len(self.codes))
        touched = np.unique(self.codes[self.base_count :]).astype(np.int64)
        touched = touched[touched < self.base_count]
        return np.concatenate([touched[~np.isin(touched, self.base.rows)], delta])

    @cached_property
    def members(self) -> Rows:
        """Rows that may share their family."""
        return np.concatenate([self.base.rows, self.extra])

    @cached_property
    def is_member(self) -> Mask:
        """(n,)"""
        mask = np.zeros(len(self.codes), np.bool_)
        mask[self.members] = True
        return mask

    @cached_property
    def _all_count(self) -> int:
        return len(self.codes) - len(self.members) + self._distinct(self.members)

    def _distinct(self, rows: Rows) -> int:
        if len(rows) <= _FEW:
            return len(np.unique(self.codes[rows]))
        seen = np.zeros(self.code_count, np.bool_)
        seen[self.codes[rows]] = True
        return int(np.count_nonzero(seen))
