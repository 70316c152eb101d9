"""Columns of a snapshot and its delta, in memory. A text has the same code in both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.catalog.fields import NUMBERS, TEXTS
from shared.catalog.product import Product
from shared.live.append_only import AppendOnly
from shared.snapshot.catalog_columns import Entries, Numbers, Segment, numbers_of
from shared.snapshot.columns import Columns, numbers, texts
from shared.snapshot.text_values import Values, order_of
from shared.snapshot.value_counts import Codes, Counts, Mask, NumberCounts, ValueCounts

_PLACES = {name: place for place, name in enumerate(NUMBERS)}


class LiveValues:
    """The texts of a snapshot, followed by the texts of its delta in order of arrival."""

    def __init__(self, base: Values) -> None:
        self._base = base
        # One entry for every text in the delta, known to the snapshot or not
        self._codes: dict[str, int] = {}
        self._new: list[str] = []
        self._new_codes: dict[str, list[int]] = {}  # keyed by the casefolded text
        self._keys = np.empty(0)

    @property
    def sorted_count(self) -> int:
        """Codes below it are in the order of their texts. They are the snapshot's."""
        return len(self._base)

    def __getitem__(self, code: int) -> str:
        return self._base[code] if code < len(self._base) else self._new[code - len(self._base)]

    def spans(self, value: str) -> list[range]:
        """The codes of a text in any letter case, as ranges."""
        new = self._new_codes.get(value.casefold(), ())
        return [*self._base.spans(value), *(range(code, code + 1) for code in new)]

    def sort_keys(self, codes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """See Texts. New texts are between those of the snapshot, so their keys are fractional."""
        keys = codes.astype(np.float64)
        new = codes >= len(self._base)
        if new.any():
            keys[new] = self._new_keys()[codes[new] - len(self._base)]
        return keys

    def _new_keys(self) -> NDArray[np.float64]:
        """The keys of the new texts, by code. Cached until another text is added."""
        if len(self._keys) < (count := len(self._new)):
            texts = self._new[:count]
            places = np.array([self._base.place(text) for text in texts], np.float64)
            ranks = np.empty(count)
            ranks[sorted(range(count), key=lambda at: order_of(texts[at]))] = np.arange(1, count + 1)
            self._keys = places - 1 + ranks / (count + 1)
        return self._keys

    def added(self, value: str) -> int:
        """The code of a text. A new text gets the next one."""
        code = self._codes.get(value)
        if code is None:
            known = self._base.code(value)
            code = self._codes[value] = self._appended(value) if known is None else known
        return code

    def _appended(self, value: str) -> int:
        self._new.append(value)
        code = len(self._base) + len(self._new) - 1
        self._new_codes.setdefault(value.casefold(), []).append(code)
        return code


class _Field:
    """The entries of one field, in the order of their rows."""

    def __init__(self, kind: str) -> None:
        self._rows = AppendOnly("<u4")
        self._values = AppendOnly(kind)

    def add(self, row: int, value: float) -> None:
        self._values.append(value)
        self._rows.append(row)  # after the value: a reader counts the rows

    def upto(self, row_count: int) -> Entries | None:
        rows: NDArray[np.uint32] = self._rows.upto(len(self._rows))
        count = int(np.searchsorted(rows, row_count))
        return Entries(rows[:count], self._values.upto(count)) if count else None


class DeltaNumbers:
    """The dense columns of a delta.

    A removed product has a row without numbers.
    """

    def __init__(self) -> None:
        self._numbers = AppendOnly("<f8", len(NUMBERS))

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, product: Product | None) -> None:
        """Append the next row."""
        found = [None if product is None else getattr(product, field) for field in NUMBERS.values()]
        self._numbers.append([np.nan if number is None else number for number in found])

    def upto(self, row_count: int) -> NDArray[np.float64]:
        """The first rows (rows, NUMBERS)."""
        return self._numbers.upto(row_count)


class DeltaColumns:
    """The columns of a delta. A removed product has a row without values."""

    def __init__(self, base: Columns) -> None:
        self.values = LiveValues(base.values)
        self._numbers = DeltaNumbers()
        self._texts: dict[str, _Field] = {}
        self._sparse: dict[str, _Field] = {}

    def add(self, product: Product | None) -> None:
        """Append the next row."""
        row = len(self._numbers)
        if product is not None:
            coded = ((name, self.values.added(value)) for name, value in texts(product) if value)
            _add(self._texts, "<u4", row, coded)
            _add(self._sparse, "<f8", row, numbers(product))
        self._numbers.add(product)

    def over(self, base: Columns, row_count: int) -> LiveColumns:
        """The columns of the snapshot and of the delta's first rows.

        They do not change any more.
        """
        delta = DeltaSegment(row_count, self._numbers.upto(row_count), self._texts, self._sparse)
        return LiveColumns(base, delta, self.values)


def _add(fields: dict[str, _Field], kind: str, row: int, entries: Iterable[tuple[str, float]]) -> None:
    for name, value in entries:
        if name not in fields:
            fields[name] = _Field(kind)
        fields[name].add(row, value)


@dataclass(frozen=True)
class DeltaSegment:
    """The columns of the first `row_count` slots of a delta. Rows are slots."""

    row_count: int
    _numbers: NDArray[np.float64]  # (rows, NUMBERS)
    _texts: dict[str, _Field]
    _sparse: dict[str, _Field]

    def fields(self) -> set[str]:
        """Names of the fields with a value in some slot."""
        return {name for fields in (self._texts, self._sparse) for name, field in tuple(fields.items())}

    def dense(self, name: str) -> Numbers | None:
        """See Segment."""
        place = _PLACES.get(name)
        return None if place is None else self._numbers[:, place]

    def text(self, name: str) -> Entries | None:
        """See Segment."""
        return self._texts[name].upto(self.row_count) if name in self._texts else None

    def sparse(self, name: str) -> Entries | None:
        """See Segment."""
        return self._sparse[name].upto(self.row_count) if name in self._sparse else None

    def text_counts(self, name: str, mask: Mask) -> tuple[Codes, Counts]:
        """See Segment."""
        return ValueCounts(self.text(name), self.row_count).among(mask)

    def number_counts(self, name: str, mask: Mask) -> tuple[Numbers, Counts]:
        """See Segment."""
        return NumberCounts(numbers_of(self, name), self.row_count).among(mask)


@dataclass(frozen=True)
class LiveColumns:
    """CatalogColumns of a snapshot and the first slots of its delta."""

    base: Columns
    delta: DeltaSegment
    values: LiveValues

    @property
    def row_count(self) -> int:
        return self.base.row_count + self.delta.row_count

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The snapshot's rows, then the delta's."""
        return (self.base, self.delta)

    def fields(self) -> Iterable[str]:
        """All fields, by the names that filters use."""
        return dict.fromkeys((*self.base.fields(), *TEXTS, *sorted(self.delta.fields())))
