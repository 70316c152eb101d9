"""Soft filters: products of the brand, category, colour or size that a query names come first.

A value is recognised in the fields of the best products by words. What has another value there, and
does not name this one in its title, comes after all others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.reading import ALL, Part
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import KINDS
from services.retrieval.soft_values import Terms, Value
from shared.snapshot.catalog_columns import CatalogColumns, Entries
from shared.snapshot.spans import end_to_end
from shared.text.words import words

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKED_AT = 50  # best products by words, whose values a query may name
_LEAST_SHARE = 0.1  # of those with the field, that have a value which a query names


class SoftFilter(NamedTuple):
    """A value that a query names."""

    value: Value
    text: str  # as in the query


class SoftFilters:
    """The soft filters of one query."""

    def __init__(self, snapshot: Snapshot, search: LexicalSearch, filters: Sequence[SoftFilter]) -> None:
        self._snapshot = snapshot
        self._search = search
        self._filters = filters
        self._known: NDArray[np.int8] = np.empty(0, np.int8)  # (n,): 0 unknown, 1 against, 2 not

    def __bool__(self) -> bool:
        return bool(self._filters)

    @property
    def parts(self) -> tuple[Part, ...]:
        """How parts of the query were read."""
        return tuple(Part(each.value.kind, each.text, f"{each.text} first") for each in self._filters)

    def against(self, rows: Rows) -> Mask:
        """Which rows (k,) have other values than the query names, and do not name these."""
        if not len(self._known):
            self._known = np.zeros(self._snapshot.columns.row_count, np.int8)
        new = rows[self._known[rows] == 0]
        against = np.zeros(len(new), np.bool_)
        for wanted in self._filters:
            has_any, has_it = _having(self._snapshot, wanted.value, new)
            others = np.flatnonzero(has_any & ~has_it)
            against[others] |= ~self._search.naming(wanted.value.words, new[others])
        self._known[new] = np.where(against, 1, 2)
        return np.asarray(self._known[rows] == 1)


def recognised(
    snapshot: Snapshot, search: LexicalSearch, query: str, rows: Rows, as_typed: Collection[str]
) -> SoftFilters:
    """The soft filters of a clean query, by the best products by words, which are `rows` (k,).

    Kinds in `as_typed` are not read.
    """
    if ALL in as_typed or not len(rows):
        return SoftFilters(snapshot, search, ())
    values = snapshot.soft_values
    typed = {word: values.terms(word) for word in words(query)}
    named = [
        value
        for value in values.named(typed.values())
        if value.kind not in as_typed and _is_frequent(snapshot, value, rows[:LOOKED_AT])
    ]
    filters = [
        SoftFilter(value, _as_typed(value, typed))
        for value in sorted(named, key=lambda value: KINDS.index(value.kind))
        if not any(_is_longer(other, value) for other in named)
    ]
    return SoftFilters(snapshot, search, filters)


def _is_frequent(snapshot: Snapshot, value: Value, rows: Rows) -> bool:
    """Whether enough of the rows that have a value of the kind have this one."""
    has_any, has_it = _having(snapshot, value, rows)
    return bool(np.count_nonzero(has_it) >= max(1, _LEAST_SHARE * np.count_nonzero(has_any)))


def _is_longer(other: Value, value: Value) -> bool:
    """Whether one value has all words of the other: "navy blue" of "blue"."""
    return other.kind == value.kind and set(other.words) > set(value.words)


def _as_typed(value: Value, typed: Mapping[str, Terms]) -> str:
    named = frozenset().union(*value.words)
    return " ".join(word for word, terms in typed.items() if not terms.isdisjoint(named))


def _having(snapshot: Snapshot, value: Value, rows: Rows) -> tuple[Mask, Mask]:
    """Which rows (k,) have a value of the kind, and which have one with all words of this one."""
    has_any = np.zeros(len(rows), np.bool_)
    has_it = np.zeros(len(rows), np.bool_)
    wanted = np.array(snapshot.soft_values.codes(value), np.int64)
    for field in snapshot.soft_values.fields.get(value.kind, ()):
        places, codes = _entries(snapshot.columns, field, rows)
        has_any[places] = True
        has_it[places[np.isin(codes, wanted)]] = True
    return has_any, has_it


def _entries(columns: CatalogColumns, field: str, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """The texts of a field in some rows (k,): the place of each one's row, and its code."""
    found = list[tuple[Rows, NDArray[np.int64]]]()
    start = 0
    for segment in columns.segments:
        if entries := segment.text(field):
            within = np.flatnonzero((rows >= start) & (rows < start + segment.row_count))
            found.append(_of_segment(entries, within, rows[within] - start))
        start += segment.row_count
    if len(found) == 1:
        return found[0]
    nothing = np.empty(0, np.int64)
    places, codes = zip((nothing, nothing), *found, strict=True)
    return np.concatenate(places), np.concatenate(codes)


def _of_segment(entries: Entries, places: Rows, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    wanted = rows.astype(entries.rows.dtype)
    first = np.searchsorted(entries.rows, wanted)
    counts = np.searchsorted(entries.rows, wanted, side="right") - first
    at, _ = end_to_end(first, counts)
    return np.repeat(places, counts), entries.values[at].astype(np.int64)
