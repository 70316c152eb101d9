"""Counts the values of a field in the match set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.filters import PRODUCT_ID, Mask, check_field
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import CatalogColumns, Segment

DEFAULT_LIMIT = 10
MAX_LIMIT = 1_000
_FEW_CODES = 1_000
_NO_CODES = np.empty(0, np.uint32)


@dataclass(frozen=True)
class Facet:
    """The most frequent values with their counts, and the range of the numbers if there are some."""

    field: str
    values: tuple[tuple[str, int], ...]
    range: tuple[float, float] | None = None


def count(columns: CatalogColumns, matching: Mask, field: str, limit: int) -> Facet:
    """Count the products that `matching` (n,) selects, by value.

    The most frequent values come first, then alphabetically. A category counts for itself and for
    all levels above it. Raises InvalidRequest for an unknown field.
    """
    if field == PRODUCT_ID:
        raise InvalidRequest(
            "facets.field", ("product_id is different for every product; count another field")
        )
    check_field(columns, "facets.field", field)
    if limit > MAX_LIMIT:
        raise InvalidRequest("facets.limit", f"{limit} for {field}; at most {MAX_LIMIT:,}")
    limit = limit or DEFAULT_LIMIT
    numbers = np.concatenate([_numbers(segment, mask, field) for segment, mask in _parts(columns, matching)])
    counted = _most_frequent_texts(columns, matching, field, limit) + _most_frequent_numbers(numbers, limit)
    counted.sort(key=lambda pair: (-pair[1], pair[0].casefold(), pair[0]))
    span = (float(numbers.min()), float(numbers.max())) if len(numbers) else None
    return Facet(field, tuple(counted[:limit]), span)


def _parts(columns: CatalogColumns, matching: Mask) -> Iterator[tuple[Segment, Mask]]:
    start = 0
    for segment in columns.segments:
        yield segment, matching[start : start + segment.row_count]
        start += segment.row_count


def _numbers(segment: Segment, matching: Mask, field: str) -> NDArray[np.float64]:
    if (dense := segment.dense(field)) is not None:
        selected = dense[matching]
        return np.asarray(selected[~np.isnan(selected)])
    entries = segment.sparse(field)
    return entries.within(matching) if entries else np.empty(0)


def _most_frequent_texts(
    columns: CatalogColumns, matching: Mask, field: str, limit: int
) -> list[tuple[str, int]]:
    found = [(segment.text(field), mask) for segment, mask in _parts(columns, matching)]
    codes = np.concatenate([entries.within(mask) if entries else _NO_CODES for entries, mask in found])
    codes, counts = _counted(codes)
    return [
        (columns.values[code], count)
        for code, count in _largest(codes, counts, limit, columns.values.sorted_count)
    ]


def _counted(codes: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct codes in order, and their counts.

    It sorts them only if they are few.
    """
    if len(codes) < _FEW_CODES or (span := int(codes.max()) - (low := int(codes.min()))) > 8 * len(codes):
        return np.unique(codes, return_counts=True)
    counts = np.bincount(codes - low, minlength=span + 1)
    found = np.flatnonzero(counts)
    return found + low, counts[found]


def _most_frequent_numbers(numbers: NDArray[np.float64], limit: int) -> list[tuple[str, int]]:
    values, counts = np.unique(numbers, return_counts=True)
    return [(_shown(value), count) for value, count in _largest(values, counts, limit)]


def _largest(
    values: NDArray[Any], counts: NDArray[np.int64], limit: int, sorted_until: float = np.inf
) -> list[tuple[Any, int]]:
    """The `limit` largest counts.

    Ties are in the values' own order, which is alphabetical for codes below `sorted_until`. Of the
    later values, all are returned that may be among the first once they are sorted by text.
    """
    order = np.argsort(-counts, kind="stable")[:limit]
    behind = values >= sorted_until
    if behind.any():
        least = counts[order[-1]] if len(order) == limit else 0
        ahead = np.flatnonzero(~behind)
        order = np.concatenate(
            [
                ahead[np.argsort(-counts[ahead], kind="stable")[:limit]],
                np.flatnonzero(behind & (counts >= least)),
            ]
        )
    return list(zip(values[order].tolist(), counts[order].tolist(), strict=True))


def _shown(number: float) -> str:
    return repr(number).removesuffix(".0")
