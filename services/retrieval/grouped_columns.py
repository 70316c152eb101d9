"""Columns of a match set in which a family has each value once, so that facets count products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.families import Families
from services.retrieval.filters import Mask
from shared.snapshot.catalog_columns import CatalogColumns, Entries, Numbers, Segment, Texts

Entry = Callable[[Segment], Entries | None]
_NO_ROWS = np.empty(0, np.uint32)


@dataclass(frozen=True)
class GroupedColumns:
    """CatalogColumns with the values of `matching` (n,) rows alone, each once a family."""

    columns: CatalogColumns
    families: Families
    matching: Mask
    # What was computed for a field, by kind and name
    _entries: dict[tuple[str, str], list[Entries | None]] = field(default_factory=dict)

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
        """See CatalogColumns."""
        parts = self.columns.segments
        return [GroupedSegment(self, place, part.row_count) for place, part in enumerate(parts)]

    def text(self, name: str) -> list[Entries | None]:
        """Of each segment."""
        return self._known("text", name, lambda part: part.text(name))

    def sparse(self, name: str) -> list[Entries | None]:
        """Of each segment."""
        return self._known("sparse", name, lambda part: part.sparse(name))

    def _known(self, kind: str, name: str, of: Entry) -> list[Entries | None]:
        if (kind, name) not in self._entries:
            self._entries[kind, name] = self._once([of(part) for part in self.columns.segments])
        return self._entries[kind, name]

    def dense(self, name: str) -> list[Numbers | None]:
        """Of each segment. NaN stands for a value that the family has already."""
        columns = [part.dense(name) for part in self.columns.segments]
        if any(column is None for column in columns):
            return columns
        numbers = np.concatenate([column for column in columns if column is not None])
        members = np.flatnonzero(self.matching & self.families.is_member & ~np.isnan(numbers))
        kept = _first_of_each(self.families.codes[members].astype(np.int64), numbers[members])
        numbers[np.delete(members, kept)] = np.nan
        return list(np.split(numbers, self._starts))

    @cached_property
    def _starts(self) -> list[int]:
        """Where each segment but the first begins."""
        return list(accumulate(part.row_count for part in self.columns.segments))[:-1]

    def _once(self, parts: list[Entries | None]) -> list[Entries | None]:
        """The entries of matching rows, without repeated values of a family."""
        if all(part is None or not len(part.rows) for part in parts):
            return parts
        held = [Entries(_NO_ROWS, _NO_ROWS) if part is None else part for part in parts]
        starts = [0, *self._starts]
        found = [part.rows.astype(np.int64) + start for part, start in zip(held, starts, strict=True)]
        rows = np.concatenate(found)
        values = np.concatenate([part.values for part in held if len(part.values)])
        kept = self.matching[rows]
        members = np.flatnonzero(kept & self.families.is_member[rows])
        first = _first_of_each(self.families.codes[rows[members]].astype(np.int64), values[members])
        kept[np.delete(members, first)] = False
        ends = list(accumulate(len(part.rows) for part in held))
        masks = np.split(kept, ends[:-1])
        return [
            None if part is None else Entries(part.rows[mask], part.values[mask])
            for part, mask in zip(parts, masks, strict=True)
        ]


@dataclass(frozen=True)
class GroupedSegment:
    """One segment of GroupedColumns."""

    columns: GroupedColumns
    place: int
    row_count: int

    def dense(self, name: str) -> Numbers | None:
        """See Segment."""
        return self.columns.dense(name)[self.place]

    def text(self, name: str) -> Entries | None:
        """See Segment."""
        return self.columns.text(name)[self.place]

    def sparse(self, name: str) -> Entries | None:
        """See Segment."""
        return self.columns.sparse(name)[self.place]


def _first_of_each(codes: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
    """The place of the first of each pair of a code and a value."""
    order = np.lexsort((values, codes))
    codes = codes[order]
    values = values[order]
    differs = np.ones(len(order), np.bool_)
    differs[1:] = (codes[1:] != codes[:-1]) | (values[1:] != values[:-1])
    return np.sort(order[differs])
