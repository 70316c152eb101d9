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
from services.retrieval.named_category import named_category
from services.retrieval.reading import ALL, Part
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import CATEGORY, KINDS
from services.retrieval.soft_values import Terms, Value
from services.retrieval.value_rows import having
from shared.text.words import words

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKED_AT = 50  # best products by words, whose values a query may name
_LEAST_SHARE = 0.1  # of those with the field, that have a value which a query names


class SoftFilter(NamedTuple):
    """A value that a query names."""

    value: Value
    text: str  # as in the query
    is_all: bool = False  # a category, and the whole query: others of its name are not meant


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
            has_any, has_it = having(self._snapshot, wanted.value, new)
            others = np.flatnonzero(has_any & ~has_it)
            if not wanted.is_all:
                others = others[~self._search.naming(wanted.value.words, new[others])]
            against[others] = True
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
    is_category = any(value.kind == CATEGORY for value in named)
    whole = named_category(snapshot, search, query) if is_category else None
    filters = [
        SoftFilter(value, _as_typed(value, typed), value == whole)
        for value in sorted(named, key=lambda value: KINDS.index(value.kind))
        if not any(_is_longer(other, value) for other in named)
    ]
    return SoftFilters(snapshot, search, filters)


def _is_frequent(snapshot: Snapshot, value: Value, rows: Rows) -> bool:
    """Whether enough of the rows that have a value of the kind have this one."""
    has_any, has_it = having(snapshot, value, rows)
    return bool(np.count_nonzero(has_it) >= max(1, _LEAST_SHARE * np.count_nonzero(has_any)))


def _is_longer(other: Value, value: Value) -> bool:
    """Whether one value has all words of the other: "navy blue" of "blue"."""
    return other.kind == value.kind and set(other.words) > set(value.words)


def _as_typed(value: Value, typed: Mapping[str, Terms]) -> str:
    named = frozenset().union(*value.words)
    return " ".join(word for word, terms in typed.items() if not terms.isdisjoint(named))
