"""Columns of a snapshot: the values of products that filters, facets, orders and rankers read.

numbers/NAME.f64     float64 (n,): one file for each of NUMBERS; NaN where a product has no value
text.rows/.codes     uint32 (entries,): row and value of every textual entry, sorted by field, then row
sparse.rows/.values  uint32, float64 (entries,): the same for numeric attributes
values.txt           the distinct texts, one a line, line breaks escaped; sorted without regard to case
values.offsets       int64 (values + 1,): where each line starts
columns.json         row count, and for every field the range of its entries

All attributes share the files, so each of thousands of sparse names costs only a few numbers. All
files are memory-mapped.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.catalog.fields import FILTERABLE, NUMBERS, TEXTS, Field
from shared.catalog.product import Product
from shared.snapshot.catalog_columns import Entries, Numbers, Segment, numbers_of
from shared.snapshot.entries import EntryWriter, append, mapped
from shared.snapshot.text_values import Values
from shared.snapshot.value_counts import Codes, Counts, Mask, NumberCounts, ValueCounts

SEPARATOR = " > "


def paths(category: str) -> list[str]:
    """A category and all above it: "A > B" gives "A" and "A > B"."""
    parts = [part.strip() for part in category.split(">")]
    return [SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]


def texts(product: Product) -> Iterable[tuple[str, str]]:
    """Every textual entry of a product, as (field, value). A value comes once a field."""
    for name, field in TEXTS.items():
        yield from ((name, value) for value in _values_of(product, field))
    for name, values in product.attributes.items():
        yield from (
            (f"attributes.{name}", value) for value in dict.fromkeys(values) if isinstance(value, str)
        )


def _values_of(product: Product, field: Field) -> Iterable[str]:
    held: str | tuple[str, ...] = getattr(product, field.attribute)
    values = (held,) if isinstance(held, str) else held
    if field.attribute == "categories":
        values = tuple(path for category in values for path in paths(category))
    return dict.fromkeys(values)


def numbers(product: Product) -> Iterable[tuple[str, float]]:
    """Every numeric attribute of a product, as (field, value). A value comes once a field."""
    for name, values in product.attributes.items():
        numeric = [float(value) for value in values if not isinstance(value, str)]
        yield from ((f"attributes.{name}", value) for value in dict.fromkeys(numeric))


class ColumnsWriter:
    """Writes the columns into `folder`.

    Memory grows with the number of distinct values, not of products.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = 0
        (folder / "numbers").mkdir(parents=True)
        self._values: dict[str, int] = {}
        self._text = EntryWriter(folder, "text", "codes", np.dtype("<u4"))
        self._sparse = EntryWriter(folder, "sparse", "values", np.dtype("<f8"))

    def add(self, products: Sequence[Product]) -> None:
        """Append the next rows."""
        for column, field in NUMBERS.items():
            values = [getattr(product, field) for product in products]
            dense = np.array([np.nan if value is None else value for value in values], "<f8")
            append(self._folder / "numbers" / f"{column}.f64", dense)
        for row, product in enumerate(products, self._rows):
            for name, value in texts(product):
                if value:
                    self._text.add(name, row, self._values.setdefault(value, len(self._values)))
            for name, number in numbers(product):
                self._sparse.add(name, row, number)
        self._text.flush()
        self._sparse.flush()
        self._rows += len(products)

    def finish(self) -> None:
        """Sort the entries by field and write the remaining files."""
        self.add([])  # so that an empty catalogue has all files
        ranges = {"text": self._text.finish(self._sort_values()), "sparse": self._sparse.finish()}
        (self._folder / "columns.json").write_text(
            json.dumps({"rows": self._rows, **ranges}), encoding="utf-8"
        )

    def _sort_values(self) -> NDArray[np.uint32]:
        """Write the values in order. Returns the new code of every old one."""
        order = sorted(self._values)
        order.sort(key=str.casefold)  # as order_of, in less memory
        starts = np.zeros(len(order) + 1, "<i8")
        with (self._folder / "values.txt").open("wb") as file:
            for place, value in enumerate(order):
                starts[place + 1] = starts[place] + file.write(_escape(value).encode())
        starts.tofile(self._folder / "values.offsets")
        new = np.empty(len(order), "<u4")
        new[[self._values[value] for value in order]] = np.arange(len(order))
        return new


def _escape(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1] + "\n"


@dataclass(frozen=True)
class Columns:
    """The opened columns of n products. It is a CatalogColumns and its only Segment."""

    row_count: int
    values: Values
    _dense: Mapping[str, Numbers]
    _text_entries: Entries
    _text: Mapping[str, tuple[int, int]]
    _sparse_entries: Entries
    _sparse: Mapping[str, tuple[int, int]]
    # Made when a facet first counts the field
    _text_counts: dict[str, ValueCounts] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    _number_counts: dict[str, NumberCounts] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def open(cls, folder: Path) -> Columns:
        """Map all files of ColumnsWriter.

        Open columns do not need the folder any more.
        """
        content = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        dense = {name: _dense(folder / "numbers" / f"{name}.f64", content["rows"]) for name in NUMBERS}
        text = Entries(mapped(folder / "text.rows", "<u4"), mapped(folder / "text.codes", "<u4"))
        sparse = Entries(mapped(folder / "sparse.rows", "<u4"), mapped(folder / "sparse.values", "<f8"))
        return cls(
            content["rows"], Values.open(folder), dense, text, content["text"], sparse, content["sparse"]
        )

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The columns themselves, as the only segment."""
        return (self,)

    def fields(self) -> Iterable[str]:
        """All fields, by the names that filters use.

        Not sorted, because there may be very many.
        """
        return dict.fromkeys((*FILTERABLE, *self._text, *self._sparse))

    def dense(self, name: str) -> Numbers | None:
        """A number for every row (n,), NaN for missing ones.

        Returns None if the column does not exist.
        """
        return self._dense.get(name)

    def text(self, name: str) -> Entries | None:
        """Codes of a textual field. Returns None if no product has a text in it."""
        return _slice(self._text_entries, self._text.get(name))

    def sparse(self, name: str) -> Entries | None:
        """Numbers of an attribute. Returns None if no product has a number in it."""
        return _slice(self._sparse_entries, self._sparse.get(name))

    def text_counts(self, name: str, mask: Mask) -> tuple[Codes, Counts]:
        """See Segment."""
        if name not in self._text_counts:
            self._text_counts[name] = ValueCounts(self.text(name), self.row_count)
        return self._text_counts[name].among(mask)

    def number_counts(self, name: str, mask: Mask) -> tuple[Numbers, Counts]:
        """See Segment."""
        if name not in self._number_counts:
            self._number_counts[name] = NumberCounts(numbers_of(self, name), self.row_count)
        return self._number_counts[name].among(mask)


def _dense(path: Path, row_count: int) -> Numbers:
    """The numbers of a column. NaN for all rows if the snapshot is older than the column."""
    return mapped(path, "<f8") if path.exists() else np.full(row_count, np.nan)


def _slice(entries: Entries, place: tuple[int, int] | None) -> Entries | None:
    return Entries(entries.rows[place[0] : place[1]], entries.values[place[0] : place[1]]) if place else None
