"""What filters, facets, orders and rankers read of the products, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Entries:
    """Values of one field, sorted by row; a row has none, one or several."""

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
        """A number for every row (n,), NaN where there is none; None when no such column."""

    def text(self, name: str) -> Entries | None:
        """Codes of a textual field; None when no product has a text in it."""

    def sparse(self, name: str) -> Entries | None:
        """Numbers of an attribute; None when no product has a number in it."""


class Texts(Protocol):
    """The different texts, by code."""

    @property
    def sorted_count(self) -> int:
        """Codes below it are in the order of their texts."""

    def __getitem__(self, code: int) -> str: ...

    def spans(self, value: str) -> list[range]:
        """The codes of a text in whatever case, in runs."""


class CatalogColumns(Protocol):
    """What filters, facets, orders and rankers read.

    The columns of a snapshot, and of what was written since.
    """

    @property
    def row_count(self) -> int: ...

    @property
    def values(self) -> Texts: ...

    @property
    def segments(self) -> Sequence[Segment]:
        """One behind the other, they hold all rows."""

    def fields(self) -> Iterable[str]:
        """Every field there is, by the names that filters use."""


def has_text(columns: CatalogColumns, name: str) -> bool:
    """Whether some product has a text in the field."""
    return any(segment.text(name) is not None for segment in columns.segments)


def has_numbers(columns: CatalogColumns, name: str) -> bool:
    """Whether some product has a number in the attribute."""
    return any(segment.sparse(name) is not None for segment in columns.segments)
