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


class Texts(Protocol):
    """The distinct texts, by code."""

    @property
    def sorted_count(self) -> int:
        """Codes below it are in the order of their texts."""

    def __getitem__(self, code: int) -> str: ...

    def spans(self, value: str) -> list[range]:
        """The codes of a text in any letter case, as ranges."""


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
