"""The values of products that filters, facets, orders and rankers read, independent of their
storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Entries:
    """Values of one field, sorted by row. A row has none, one or several."""

    rows: NDArray[np.uint32]  # (entries,)
    values: NDArray[Any]  # (entries,): codes, or numbers

    def within(self, mask: NDArray[np.bool_]) -> NDArray[Any]:
        """The values of the rows that `mask` (n,) selects."""
        return self.values[mask[self.rows]]


class Segment(Protocol):
    """Columns of some products."""

    @property
    def row_count(self) -> int: ...

    def dense(self, name: str) -> Numbers | None:
        """A number for every row (n,), NaN for missing ones.

        Returns None if the column does not exist.
        """

    def text(self, name: str) -> Entries | None:
        """Codes of a textual field. Returns None if no product has a text in it."""

    def sparse(self, name: str) -> Entries | None:
        """Numbers of an attribute. Returns None if no product has a number in it."""

    def text_counts(
        self, name: str, mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
        """The codes of a textual field in the rows that `mask` (n,) selects, in order, and how many
        of the rows have each.
        """

    def number_counts(self, name: str, mask: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.int64]]:
        """The same for the numbers of a field."""


class Texts(Protocol):
    """The distinct texts, by code."""

    @property
    def sorted_count(self) -> int:
        """Codes below it are in the order of their texts."""

    def __getitem__(self, code: int) -> str: ...

    def spans(self, value: str) -> list[range]:
        """The codes of a text in any letter case, as ranges."""

    def sort_keys(self, codes: NDArray[np.integer[Any]]) -> Numbers:
        """Numbers (k,) in the order of the texts of `codes` (k,), the same for the same text.

        Those of one call compare with those of every other call on the same texts.
        """


class CatalogColumns(Protocol):
    """The values that filters, facets, orders and rankers read.

    Covers a snapshot and its delta.
    """

    @property
    def row_count(self) -> int: ...

    @property
    def values(self) -> Texts: ...

    @property
    def segments(self) -> Sequence[Segment]:
        """The segments, whose rows together are all rows in order."""

    def fields(self) -> Iterable[str]:
        """All fields, by the names that filters use."""


def has_text(columns: CatalogColumns, name: str) -> bool:
    """Whether some product has a text in the field."""
    return any(segment.text(name) is not None for segment in columns.segments)


def has_numbers(columns: CatalogColumns, name: str) -> bool:
    """Whether some product has a number in the attribute."""
    return any(segment.sparse(name) is not None for segment in columns.segments)


def numbers_of(segment: Segment, name: str) -> Entries | None:
    """The numbers of a field, dense or sparse. Returns None if the segment lacks the field."""
    dense = segment.dense(name)
    if dense is None:
        return segment.sparse(name)
    rows = np.flatnonzero(~np.isnan(dense))
    return Entries(rows.astype(np.uint32), np.asarray(dense)[rows])
