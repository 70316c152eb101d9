"""Conditions on one field, and the rows that meet them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.known_fields import PRODUCT_ID, check_field, is_known
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import (
    CatalogColumns,
    Entries,
    Numbers,
    Segment,
    has_numbers,
    has_text,
)
from shared.snapshot.columns import SEPARATOR

Mask = NDArray[np.bool_]  # (n,)
RowOf = Callable[[str], int | None]  # product_id -> row


@dataclass(frozen=True)
class AnyOf:
    """One of these values, in any letter case."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`; infinite if open. An end is inside unless it is excluded."""

    low: float
    high: float
    without_low: bool = False
    without_high: bool = False

    def holds(self, numbers: Numbers) -> Mask:
        """Which of the numbers are inside."""
        above = numbers > self.low if self.without_low else numbers >= self.low
        return np.asarray(above & (numbers < self.high if self.without_high else numbers <= self.high))


@dataclass(frozen=True)
class Exists:
    """A value is present, or absent if `present` is False."""

    present: bool


Condition = AnyOf | Between | Exists


def rows_meeting(field: str, condition: Condition, columns: CatalogColumns, row_of: RowOf) -> Mask:
    """The rows (n,) whose field meets the condition. Raises InvalidRequest."""
    if field == PRODUCT_ID:
        return _with_ids(condition, columns.row_count, row_of)
    check_field(columns, "filters.field", field)
    if not is_known(columns, field):
        return np.full(columns.row_count, condition == Exists(False))
    match condition:
        case AnyOf(values):
            return _with_value(columns, field, values)
        case Between():
            return _in_range(columns, field, condition)
        case Exists(present):
            return _by_segment(columns, lambda segment: _with_any(segment, field)) ^ (not present)


def _by_segment(columns: CatalogColumns, mask: Callable[[Segment], Mask]) -> Mask:
    parts = [mask(segment) for segment in columns.segments]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _with_ids(condition: Condition, row_count: int, row_of: RowOf) -> Mask:
    match condition:
        case AnyOf(values):
            return _mask(
                row_count,
                np.array([row for row in map(row_of, values) if row is not None], np.int64),
            )
        case Exists(present):
            return np.full(row_count, present)
        case _:
            raise InvalidRequest("filters.range", f"{PRODUCT_ID} is a text; use any_of")


def _with_value(columns: CatalogColumns, field: str, values: Sequence[str]) -> Mask:
    different = dict.fromkeys(value.casefold() for value in _written(field, values))
    spans = [span for value in different for span in columns.values.spans(value)]
    numbers: list[float] = []
    if _is_dense(columns, field) or has_numbers(columns, field):
        numbers = _parsed(field, values, strict=not has_text(columns, field))
    return _by_segment(columns, lambda segment: _holding(segment, field, spans, numbers))


def _written(field: str, values: Sequence[str]) -> Sequence[str]:
    """The values in the form that the columns use."""
    if field != "categories":
        return values
    return [SEPARATOR.join(part.strip() for part in value.split(">")) for value in values]


def _is_dense(columns: CatalogColumns, field: str) -> bool:
    return columns.segments[0].dense(field) is not None


def _holding(segment: Segment, field: str, spans: Sequence[range], numbers: Sequence[float]) -> Mask:
    mask = np.zeros(segment.row_count, np.bool_)
    if entries := segment.text(field):
        mask |= _mask(segment.row_count, entries.rows[_coded(entries, spans)])
    if (dense := segment.dense(field)) is not None:
        mask |= _among(dense, numbers)
    if sparse := segment.sparse(field):
        mask |= _mask(segment.row_count, sparse.rows[_among(sparse.values, numbers)])
    return mask


def _among(values: Numbers, wanted: Sequence[float]) -> Mask:
    """Which values are wanted ones."""
    ordered = np.unique(np.array(wanted, np.float64))
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[places] == values)


def _coded(entries: Entries, spans: Sequence[range]) -> Mask:
    """Which entries are one of the values.

    A range of codes takes one comparison, so one value takes two.
    """
    if len(spans) > 4:
        return np.isin(entries.values, np.fromiter((code for span in spans for code in span), np.int64))
    found = np.zeros(len(entries.values), np.bool_)
    for span in spans:
        found |= (entries.values >= span.start) & (entries.values < span.stop)
    return found


def _parsed(field: str, values: Sequence[str], strict: bool) -> list[float]:
    try:
        return [float(value) for value in values]
    except ValueError:
        if strict:
            raise InvalidRequest(
                "filters.any_of", f"{field} holds numbers; use range, or numbers as values"
            ) from None
        return [float(value) for value in values if value.replace(".", "", 1).isdecimal()]


def _in_range(columns: CatalogColumns, field: str, wanted: Between) -> Mask:
    if np.isnan(wanted.low) or np.isnan(wanted.high):
        raise InvalidRequest("filters.range", f"the ends for {field} must be numbers, not NaN")
    if not (_is_dense(columns, field) or has_numbers(columns, field)):
        raise InvalidRequest("filters.range", f"{field} holds texts; use any_of")
    return _by_segment(columns, lambda segment: _between(segment, field, wanted))


def _between(segment: Segment, field: str, wanted: Between) -> Mask:
    if (dense := segment.dense(field)) is not None:
        return wanted.holds(dense)
    if (sparse := segment.sparse(field)) is None:
        return np.zeros(segment.row_count, np.bool_)
    return _mask(segment.row_count, sparse.rows[wanted.holds(sparse.values)])


def _with_any(segment: Segment, field: str) -> Mask:
    if (dense := segment.dense(field)) is not None:
        return ~np.isnan(dense)
    parts = [entries.rows for entries in (segment.text(field), segment.sparse(field)) if entries]
    return _mask(segment.row_count, np.concatenate(parts) if parts else np.empty(0, np.uint32))


def _mask(row_count: int, rows: NDArray[np.integer[Any]]) -> Mask:
    mask = np.zeros(row_count, np.bool_)
    mask[rows] = True
    return mask
