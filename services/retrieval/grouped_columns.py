"""Columns of a match set in which a family has each value once, so that facets count products.

What depends on the snapshot alone is remembered with it: which entries are of variants, and the
distinct pairs of family and value among these. A match set then costs a pass over the entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.conditions import Between
from services.retrieval.families import Families, Pairs
from services.retrieval.filters import Mask
from shared.snapshot.catalog_columns import CatalogColumns, Entries, Numbers, Segment, Texts, numbers_of
from shared.snapshot.value_counts import counted

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class GroupedColumns:
    """CatalogColumns with the values of `matching` (n,) rows alone, each once a family.

    Entries are in no order.
    """

    columns: CatalogColumns
    families: Families
    matching: Mask
    # What was computed, by kind and name of the field
    _found: dict[tuple[str, str], list[Entries | None]] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        return self.columns.row_count

    @property
    def values(self) -> Texts:
        return self.columns.values

    def fields(self) -> Iterable[str]:
        """See CatalogColumns."""
        return self.columns.fields()

    @cached_property
    def segments(self) -> Sequence[Segment]:
        """See CatalogColumns. The snapshot's, and the delta's if there is one."""
        return [
            GroupedSegment(self, place, part.row_count) for place, part in enumerate(self.columns.segments)
        ]

    def counts_of(self, ranges: Sequence[Between], name: str) -> list[tuple[Between, int]]:
        """How many families have a number of a field in each range."""
        codes = []
        numbers = []
        start = 0
        for segment in self.segments:
            if found := numbers_of(segment, name):
                codes.append(self.families.codes[start + found.rows.astype(np.int64)])
                numbers.append(found.values.astype(np.float64))
            start += segment.row_count
        if not codes:
            return [(each, 0) for each in ranges]
        family, number = np.concatenate(codes), np.concatenate(numbers)
        return [(each, len(np.unique(family[each.holds(number)]))) for each in ranges]

    def entries(self, kind: str, name: str) -> list[Entries | None]:
        """Those of each segment. None without any.

        The kind is text, sparse, or dense for the numbers of a dense column.
        """
        if (kind, name) not in self._found:
            parts = [_entries(part, kind, name) for part in self.columns.segments]
            base, *delta = parts
            found = None if base is None else self._of_base(base, kind, name)
            self._found[kind, name] = [found, *(self._of_delta(part, found) for part in delta)]
        return self._found[kind, name]

    def _of_base(self, entries: Entries, kind: str, name: str) -> Entries:
        remembered = self.families.base.pairs
        pairs = remembered.of(kind, name, lambda: _pairs(entries, self.families))
        return pairs.of(self.matching)

    def _of_delta(self, part: Entries | None, found: Entries | None) -> Entries | None:
        """Entries of the delta whose values their families do not have in the snapshot already."""
        if part is None:
            return None
        start = len(self.families.base.codes)
        chosen = self.matching[start + part.rows.astype(np.int64)]
        rows = part.rows[chosen]
        values = part.values[chosen]
        codes = self.families.codes[start + rows.astype(np.int64)].astype(np.int64)
        before = Entries(rows[:0], values[:0]) if found is None else self._touched(found)
        known = np.concatenate([self.families.codes[before.rows].astype(np.int64), codes])
        first = _first_of_each(known, np.concatenate([before.values, values]))
        kept = first[first >= len(before.rows)] - len(before.rows)
        return Entries(rows[kept], values[kept])

    def _touched(self, entries: Entries) -> Entries:
        """Entries of families that the delta has rows of."""
        mask = self.families.is_touched[self.families.codes[entries.rows]]
        return Entries(entries.rows[mask], entries.values[mask])


@dataclass(frozen=True)
class GroupedSegment:
    """One segment of GroupedColumns."""

    columns: GroupedColumns
    place: int
    row_count: int
    _numbers: dict[str, Numbers] = field(default_factory=dict)

    def dense(self, name: str) -> Numbers | None:
        """See Segment. NaN stands for a value that the family has already."""
        found = self.columns.entries("dense", name)[self.place]
        if found is not None and name not in self._numbers:
            self._numbers[name] = np.full(self.row_count, np.nan)
            self._numbers[name][found.rows] = found.values
        return self._numbers.get(name)

    def text(self, name: str) -> Entries | None:
        """See Segment."""
        return self.columns.entries("text", name)[self.place]

    def sparse(self, name: str) -> Entries | None:
        """See Segment. In the order of the rows."""
        found = self.columns.entries("sparse", name)[self.place]
        if found is None:
            return None
        order = np.argsort(found.rows, kind="stable")
        return Entries(found.rows[order], found.values[order])

    def text_counts(self, name: str, mask: Mask) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
        """See Segment."""
        found = self.text(name)
        return counted(found.within(mask) if found else np.empty(0, np.uint32))

    def number_counts(self, name: str, mask: Mask) -> tuple[Numbers, NDArray[np.int64]]:
        """See Segment."""
        found = numbers_of(self, name)
        values = np.empty(0) if found is None else found.within(mask).astype(np.float64)
        return np.unique(values, return_counts=True)


def _entries(part: Segment, kind: str, name: str) -> Entries | None:
    if kind == "text":
        return part.text(name)
    if kind == "sparse":
        return part.sparse(name)
    numbers = part.dense(name)
    if numbers is None:
        return None
    rows = np.flatnonzero(~np.isnan(numbers))
    return Entries(rows.astype(np.uint32), numbers[rows])


def _pairs(entries: Entries, families: Families) -> Pairs:
    """Those of a field's entries in a snapshot."""
    rows = np.asarray(entries.rows).astype(np.int64)
    values = np.asarray(entries.values)
    is_member = families.base.is_member[rows]
    alone = Entries(rows[~is_member], values[~is_member])  # type: ignore[arg-type]
    rows = rows[is_member]
    values = values[is_member]
    codes = families.base.codes[rows]
    order = np.lexsort((values, codes))
    starts = np.flatnonzero(_differs(codes[order], values[order]))
    return Pairs(alone, rows[order], starts, values[order[starts]])


def _first_of_each(codes: NDArray[Any], values: NDArray[Any]) -> Rows:
    """The place of the first of each pair of a code and a value."""
    order = np.lexsort((values, codes))
    return np.sort(order[_differs(codes[order], values[order])])


def _differs(codes: NDArray[Any], values: NDArray[Any]) -> Mask:
    """Whether each of sorted pairs is another one than the pair before."""
    differs = np.ones(len(codes), np.bool_)
    differs[1:] = (codes[1:] != codes[:-1]) | (values[1:] != values[:-1])
    return differs
