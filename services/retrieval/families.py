"""The families of variants among the rows of one state of a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import Mask
from shared.snapshot.catalog_columns import Entries
from shared.snapshot.families import Codes, FamilyCodes
from shared.snapshot.spans import end_to_end

Rows = NDArray[np.int64]
_MOST = 0.9
_REMEMBERED_FIELDS = 64  # about 20 bytes for each entry of a variant
_FEW = 4_096  # so many codes are sorted faster than looked up in an array of all


@dataclass(frozen=True)
class Pairs:
    """The entries of one field of a snapshot.

    Entries of products without variants, and distinct (family, value) pairs of the rest.
    """

    alone: Entries
    rows: Rows  # (m,): of the other entries, pair by pair
    starts: Rows  # (pairs,): where each pair begins in `rows`
    values: NDArray[Any]  # (pairs,)

    def of(self, mask: Mask) -> Entries:
        """The entries of the rows that `mask` (n,) selects, one for each pair."""
        kept = mask[self.alone.rows]
        rows = self.alone.rows[kept]
        values = self.alone.values[kept]
        if not len(self.starts):
            return Entries(rows, values)
        # A pair has the largest of its selected rows
        last = np.maximum.reduceat(np.where(mask[self.rows], self.rows, -1), self.starts)
        seen = last >= 0
        return Entries(np.concatenate([rows, last[seen]]), np.concatenate([values, self.values[seen]]))


class RememberedPairs:
    """The pairs of the fields that facets ask for. Threads share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Pairs] = {}  # the last one asked for is the last
        self._lock = Lock()

    def of(self, kind: str, name: str, make: Callable[[], Pairs]) -> Pairs:
        """Those of a field, by its kind and name."""
        with self._lock:
            pairs = self._known.pop((kind, name), None)
            if pairs is not None:
                self._known[kind, name] = pairs
        if pairs is None:
            pairs = make()
            with self._lock:
                self._known[kind, name] = pairs
                if len(self._known) > _REMEMBERED_FIELDS:
                    del self._known[next(iter(self._known))]
        return pairs


@dataclass(frozen=True)
class BaseFamilies:
    """The families of a snapshot, prepared once."""

    codes: Codes  # (n,): of the family of each row
    sizes: NDArray[np.int32]  # (codes,): rows of each family
    is_member: Mask  # (n,): False for a row that is alone, whose code is its own number
    members: Rows  # the others, by code
    member_codes: Codes  # theirs, sorted

    @classmethod
    def of(cls, read: FamilyCodes) -> BaseFamilies:
        """Those of the codes in a snapshot's files."""
        codes = read.codes
        sizes = np.bincount(codes, minlength=len(read)).astype(np.int32)
        is_member = (sizes[codes] > 1) | (codes != np.arange(len(codes)))
        rows = np.flatnonzero(is_member)
        rows = rows[np.argsort(codes[rows], kind="stable")]
        return cls(codes, sizes, is_member, rows, codes[rows])

    def among(self, codes: Codes) -> Rows:
        """The members of some families (f,)."""
        first = np.searchsorted(self.member_codes, codes, "left")
        counts = np.searchsorted(self.member_codes, codes, "right") - first
        return self.members[end_to_end(first, counts)[0]]

    @cached_property
    def count(self) -> int:
        """How many families there are."""
        return int(np.count_nonzero(self.sizes))

    @cached_property
    def pairs(self) -> RememberedPairs:
        """Cache of facet pairs by field."""
        return RememberedPairs()


@dataclass(frozen=True)
class Families:
    """The family of each row: those of a snapshot, then those of its delta."""

    codes: Codes  # (n,)
    code_count: int
    base: BaseFamilies

    @classmethod
    def of(cls, read: FamilyCodes) -> Families:
        """Those of a snapshot without a delta."""
        return cls(read.codes, len(read), BaseFamilies.of(read))

    @property
    def have_members(self) -> bool:
        """Whether some rows may share their family."""
        return len(self.base.members) > 0 or len(self.codes) > len(self.base.codes)

    def first_places(self, rows: Rows) -> Rows:
        """The places of the first row of each family in a list (k,), in the order of the list."""
        if len(rows) <= _FEW:
            return np.sort(np.unique(self.codes[rows], return_index=True)[1])
        keep = ~self.is_member[rows]
        places = np.flatnonzero(~keep)
        codes = self.codes[rows[places]]
        first = np.empty(self.code_count, np.int64)
        first[codes[::-1]] = places[::-1]  # of an index that is repeated, the last value stays
        keep[places[first[codes] == places]] = True
        return np.flatnonzero(keep)

    def count(self, mask: Mask | None) -> int:
        """How many families have a row that `mask` (n,) selects.

        If these are most of the rows, it looks at the others.
        """
        if mask is None:
            return self._all_count
        selected = int(np.count_nonzero(mask))
        if selected < _MOST * len(mask):
            return self._distinct(self.codes[np.flatnonzero(mask)])
        return self._all_count - self._whole(np.flatnonzero(~mask))

    def rows_of(self, codes: Codes) -> Rows:
        """The rows of some families, which are distinct."""
        joined = self.base.among(codes)
        extra = self.extra[np.isin(self.codes[self.extra], codes)]
        inside = codes[codes < len(self.codes)].astype(np.int64)
        return np.concatenate([joined, extra, inside[~self.is_member[inside]]])

    @cached_property
    def extra(self) -> Rows:
        """Rows of the delta, and those of the snapshot that have become members by them."""
        delta = np.arange(len(self.base.codes), len(self.codes))
        touched = np.unique(self._delta_codes).astype(np.int64)
        touched = touched[touched < len(self.base.codes)]
        return np.concatenate([touched[~self.base.is_member[touched]], delta])

    @cached_property
    def is_member(self) -> Mask:
        """(n,): False for a row that is alone, whose code is its own number."""
        if len(self.codes) == len(self.base.codes):
            return self.base.is_member
        mask = np.zeros(len(self.codes), np.bool_)
        mask[: len(self.base.codes)] = self.base.is_member
        mask[self.extra] = True
        return mask

    @cached_property
    def is_touched(self) -> Mask:
        """(codes,): the families of the delta's rows."""
        mask = np.zeros(self.code_count, np.bool_)
        mask[self._delta_codes] = True
        return mask

    @property
    def _delta_codes(self) -> Codes:
        return self.codes[len(self.base.codes) :]

    @cached_property
    def _all_count(self) -> int:
        new = np.unique(self._delta_codes)
        return self.base.count + int(np.count_nonzero(self._base_sizes(new) == 0))

    def _base_sizes(self, codes: Codes) -> NDArray[np.int32]:
        """How many rows of the snapshot some families (f,) have."""
        known = codes < len(self.base.sizes)
        sizes = np.zeros(len(codes), np.int32)
        sizes[known] = self.base.sizes[codes[known]]
        return sizes

    def _whole(self, rows: Rows) -> int:
        """How many families have all of their rows among some."""
        alone = ~self.is_member[rows]
        codes, counts = _counted(self.codes[rows[~alone]], self.code_count)
        delta = np.sort(self._delta_codes)
        added = np.searchsorted(delta, codes, "right") - np.searchsorted(delta, codes, "left")
        whole = counts == self._base_sizes(codes) + added
        return int(np.count_nonzero(alone)) + int(np.count_nonzero(whole))

    def _distinct(self, codes: Codes) -> int:
        if len(codes) <= _FEW:
            return len(np.unique(codes))
        seen = np.zeros(self.code_count, np.bool_)
        seen[codes] = True
        return int(np.count_nonzero(seen))


def _counted(codes: Codes, code_count: int) -> tuple[Codes, NDArray[np.int64]]:
    """The distinct codes in order, and how often each comes."""
    if len(codes) <= _FEW:
        return np.unique(codes, return_counts=True)
    counts = np.bincount(codes, minlength=code_count)
    found = np.flatnonzero(counts)
    return found.astype(np.uint32), counts[found]
