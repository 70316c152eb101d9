"""Conditions on products, and the rows that meet them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidRequest
from shared.snapshot.columns import SEPARATOR, TEXTS, Columns, Entries

Mask = NDArray[np.bool_]  # (n,)
RowOf = Callable[[str], int | None]  # product_id -> row

PRODUCT_ID = "product_id"
MAX_VALUES = 1_000
NUMERIC = ("price", "rating", "available_quantity", "publish_time")


@dataclass(frozen=True)
class AnyOf:
    """One of these values, whatever their case."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both inclusive; infinite when open."""

    low: float
    high: float


@dataclass(frozen=True)
class Exists:
    """A value, or (`present` False) none."""

    present: bool


@dataclass(frozen=True)
class Filter:
    """A condition on one field, or its opposite."""

    field: str
    condition: AnyOf | Between | Exists
    negate: bool = False


def check_field(columns: Columns, field: str) -> None:
    """Raise InvalidRequest, naming what is close, when no product can have the field."""
    if field in TEXTS or field in NUMERIC or columns.text(field) or columns.sparse(field):
        return
    close = get_close_matches(field, [PRODUCT_ID, *columns.fields()], n=3)
    hint = (
        f"did you mean {' or '.join(close)}?" if close else f"fields are {', '.join((*TEXTS, *NUMERIC))}, attributes.*"
    )
    raise InvalidRequest("filters.field", f"there is no field {field!r}; {hint}")


def mask_of(filters: Sequence[Filter], columns: Columns, row_of: RowOf) -> Mask | None:
    """The rows (n,) that meet all filters; None when there are no filters."""
    if not filters:
        return None
    mask = np.ones(columns.row_count, np.bool_)
    for filter_ in filters:
        mask &= _rows_meeting(filter_, columns, row_of) ^ filter_.negate
    return mask


def _rows_meeting(filter_: Filter, columns: Columns, row_of: RowOf) -> Mask:
    if filter_.field == PRODUCT_ID:
        return _with_ids(filter_.condition, columns.row_count, row_of)
    check_field(columns, filter_.field)
    match filter_.condition:
        case AnyOf(values):
            return _with_value(columns, filter_.field, values)
        case Between(low, high):
            return _in_range(columns, filter_.field, low, high)
        case Exists(present):
            return _with_any(columns, filter_.field) ^ (not present)


def _with_ids(condition: AnyOf | Between | Exists, row_count: int, row_of: RowOf) -> Mask:
    match condition:
        case AnyOf(values):
            return _mask(row_count, np.array([row for row in map(row_of, values) if row is not None], np.int64))
        case Exists(present):
            return np.full(row_count, present)
        case _:
            raise InvalidRequest("filters.range", f"{PRODUCT_ID} is a text; use any_of")


def _with_value(columns: Columns, field: str, values: Sequence[str]) -> Mask:
    mask = np.zeros(columns.row_count, np.bool_)
    if entries := columns.text(field):
        mask |= _mask(columns.row_count, entries.rows[_coded(columns, field, entries, values)])
    if (dense := columns.dense(field)) is not None:
        mask |= np.isin(dense, _parsed(field, values, strict=True))
    if sparse := columns.sparse(field):
        wanted = _parsed(field, values, strict=columns.text(field) is None)
        mask |= _mask(columns.row_count, sparse.rows[np.isin(sparse.values, wanted)])
    return mask


def _coded(columns: Columns, field: str, entries: Entries, values: Sequence[str]) -> Mask:
    """Which entries are one of the values; a range of codes is one comparison, so one value costs two."""
    if field == "categories":
        values = [SEPARATOR.join(part.strip() for part in value.split(">")) for value in values]
    ranges = [codes for codes in map(columns.values.codes, values) if codes]
    if len(ranges) > 4:
        return np.isin(entries.values, np.concatenate([np.arange(codes.start, codes.stop) for codes in ranges]))
    found = np.zeros(len(entries.values), np.bool_)
    for codes in ranges:
        found |= (entries.values >= codes.start) & (entries.values < codes.stop)
    return found


def _parsed(field: str, values: Sequence[str], strict: bool) -> list[float]:
    try:
        return [float(value) for value in values]
    except ValueError:
        if strict:
            raise InvalidRequest("filters.any_of", f"{field} holds numbers; use range, or numbers as values") from None
        return [float(value) for value in values if value.replace(".", "", 1).isdecimal()]


def _in_range(columns: Columns, field: str, low: float, high: float) -> Mask:
    if np.isnan(low) or np.isnan(high):
        raise InvalidRequest("filters.range", f"the ends for {field} must be numbers, not NaN")
    if (dense := columns.dense(field)) is not None:
        return np.asarray((dense >= low) & (dense <= high))
    if (sparse := columns.sparse(field)) is None:
        raise InvalidRequest("filters.range", f"{field} holds texts; use any_of")
    return _mask(columns.row_count, sparse.rows[(sparse.values >= low) & (sparse.values <= high)])


def _with_any(columns: Columns, field: str) -> Mask:
    if (dense := columns.dense(field)) is not None:
        return ~np.isnan(dense)
    parts = [entries.rows for entries in (columns.text(field), columns.sparse(field)) if entries]
    return _mask(columns.row_count, np.concatenate(parts) if parts else np.empty(0, np.uint32))


def _mask(row_count: int, rows: NDArray[np.integer[Any]]) -> Mask:
    mask = np.zeros(row_count, np.bool_)
    mask[rows] = True
    return mask
