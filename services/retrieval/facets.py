"""Counts of the match set by the values of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import PRODUCT_ID, Mask, check_field
from shared.errors import InvalidRequest
from shared.snapshot.columns import Columns

DEFAULT_LIMIT, MAX_LIMIT = 10, 1_000


@dataclass(frozen=True)
class Facet:
    """The most frequent values with their counts, and the range of the numbers when there are some."""

    field: str
    values: tuple[tuple[str, int], ...]
    range: tuple[float, float] | None = None


def count(columns: Columns, matching: Mask, field: str, limit: int) -> Facet:
    """Count the products that `matching` (n,) selects, by value: the most frequent first, then alphabetically.

    A category counts for itself and for everything above it. Raises InvalidRequest for an unknown field.
    """
    if field == PRODUCT_ID:
        raise InvalidRequest("facets.field", "product_id is different for every product; count another field")
    check_field(columns, field)
    if limit > MAX_LIMIT:
        raise InvalidRequest("facets.limit", f"{limit} for {field}; at most {MAX_LIMIT:,}")
    limit = limit or DEFAULT_LIMIT
    numbers = _numbers(columns, matching, field)
    counted = _most_frequent_texts(columns, matching, field, limit) + _most_frequent_numbers(numbers, limit)
    counted.sort(key=lambda pair: (-pair[1], pair[0].casefold(), pair[0]))
    span = (float(numbers.min()), float(numbers.max())) if len(numbers) else None
    return Facet(field, tuple(counted[:limit]), span)


def _numbers(columns: Columns, matching: Mask, field: str) -> NDArray[np.float64]:
    if (dense := columns.dense(field)) is not None:
        selected = dense[matching]
        return np.asarray(selected[~np.isnan(selected)])
    entries = columns.sparse(field)
    return entries.within(matching) if entries else np.empty(0)


def _most_frequent_texts(columns: Columns, matching: Mask, field: str, limit: int) -> list[tuple[str, int]]:
    entries = columns.text(field)
    if entries is None:
        return []
    codes, counts = np.unique(entries.within(matching), return_counts=True)
    return [(columns.values[code], count) for code, count in _largest(codes, counts, limit)]


def _most_frequent_numbers(numbers: NDArray[np.float64], limit: int) -> list[tuple[str, int]]:
    values, counts = np.unique(numbers, return_counts=True)
    return [(_shown(value), count) for value, count in _largest(values, counts, limit)]


def _largest(values: NDArray[Any], counts: NDArray[np.int64], limit: int) -> list[tuple[Any, int]]:
    """The `limit` largest counts; ties by the values' own order, which is alphabetical for codes."""
    order = np.argsort(-counts, kind="stable")[:limit]
    return list(zip(values[order].tolist(), counts[order].tolist(), strict=True))


def _shown(number: float) -> str:
    return repr(number).removesuffix(".0")
