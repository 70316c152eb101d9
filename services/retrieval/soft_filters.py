"""Soft filters: products of the brand, category, colour or size that a query names come first.

A value is recognised in the fields of the best products by words. What has another value there, and
does not name this one in its title, comes after all others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.meant_category import meant_category
from services.retrieval.named_category import named_category
from services.retrieval.reading import ALL, Part
from services.retrieval.request import Request
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import CATEGORY, KINDS
from services.retrieval.soft_values import Terms, Value
from services.retrieval.value_rows import having
from shared.text.head import head
from shared.text.letters import fold
from shared.text.words import words

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKED_AT = 50  # best products by words, whose values a query may name
_MOST = 10  # values of a query
# Not the "s" of "men's", nor the "m" of "5 m"
_LETTER_ALONE = re.compile(r"(?<!\S)(?<!\d )[^\W\d_](?![^\s,])")
_LEAST_SHARE = 0.1  # of those with the field, that have a value which a query names


class SoftFilter(NamedTuple):
    """A value that a query names."""

    value: Value
    text: str  # as in the query
    name: str  # of what comes first
    is_all: bool = False  # a category, and the whole query: others of its name are not meant
    thing: Terms = frozenset()  # what a query is about that means a category: "bulb" of "light bulb"


class SoftFilters:
    """The soft filters of one query, by kind.

    Of several brands, colours or sizes one is enough; "garden chair" is in both categories.
    """

    def __init__(
        self, snapshot: Snapshot, search: LexicalSearch, matching: Mask, filters: Sequence[SoftFilter]
    ) -> None:
        self._snapshot = snapshot
        self._search = search
        self._matching = matching
        self._filters = filters
        self._known: NDArray[np.int8] = np.empty(0, np.int8)  # (n,): 0 unknown, 1 against, 2 not

    def __bool__(self) -> bool:
        return bool(self._filters)

    @property
    def parts(self) -> tuple[Part, ...]:
        """How parts of the query were read."""
        return tuple(Part(each.value.kind, each.text, f"{each.name} first") for each in self._filters)

    def against(self, rows: Rows) -> Mask:
        """Which rows (k,) have other values than the query names, and do not name these.

        Rows that are near in meaning only are against it also if they have no value at all.
        """
        if not len(self._known):
            self._known = np.zeros(self._snapshot.columns.row_count, np.int8)
        new = rows[self._known[rows] == 0]
        against = np.zeros(len(new), np.bool_)
        for kind, filters in groupby(self._filters, lambda each: each.value.kind):
            without = [self._without(each, new) for each in filters]
            against |= np.any(without, axis=0) if kind == CATEGORY else np.all(without, axis=0)
        self._known[new] = np.where(against, 1, 2)
        return np.asarray(self._known[rows] == 1)

    def _without(self, wanted: SoftFilter, rows: Rows) -> Mask:
        """Which rows (k,) have other values than this one, and do not name it."""
        has_any, has_it = having(self._snapshot, wanted.value, rows)
        without = (has_any | ~self._matching[rows]) & ~has_it
        if not wanted.is_all:
            others = np.flatnonzero(without)
            without[others] = ~self._search.naming(wanted.value.words, rows[others])
        if wanted.thing:
            others = np.flatnonzero(without)
            without[others] = ~self._search.naming([wanted.thing], rows[others])
        return without


def recognised(
    snapshot: Snapshot, search: LexicalSearch, request: Request, rows: Rows, matching: Mask
) -> SoftFilters:
    """The soft filters of a request, by the best products by words, which are `rows` (k,), and the
    match set (n,).
    """
    filters: list[SoftFilter] = []
    if ALL not in request.as_typed:
        filters = _by_words(snapshot, search, request, rows) if len(rows) else []
        if not (len(rows) and all(search.needed.values())):
            filters += _by_meaning(snapshot, request, filters)
    return SoftFilters(snapshot, search, matching, filters)


def _by_meaning(snapshot: Snapshot, request: Request, others: Iterable[SoftFilter]) -> list[SoftFilter]:
    """The category that a query means, if it names none."""
    if not {CATEGORY}.isdisjoint([*request.as_typed, *(each.value.kind for each in others)]):
        return []
    found = meant_category(snapshot, request)
    if not found:
        return []
    thing = _thing(snapshot, request.query)
    return [SoftFilter(found[0], request.query, found[1], thing=thing)]


def _thing(snapshot: Snapshot, query: str) -> Terms:
    """The terms of the last word before "for" and the like, which says what is asked for."""
    typed = words(head(query))
    return snapshot.soft_values.terms(typed[-1]) if typed else frozenset()


def _by_words(snapshot: Snapshot, search: LexicalSearch, request: Request, rows: Rows) -> list[SoftFilter]:
    query = request.query
    named = (
        each
        for each in _named(snapshot, query)
        if each.value.kind not in request.as_typed
        and _is_said(each.value, query, search.function_words)
        and _is_frequent(snapshot, each.value, rows[:LOOKED_AT])
    )
    found = list(islice(named, _MOST))
    filters = [each for each in found if not any(_is_longer(other.value, each.value) for other in found)]
    filters.sort(key=lambda each: KINDS.index(each.value.kind))
    if any(each.value.kind == CATEGORY for each in filters):
        whole = named_category(snapshot, search, query)
        filters = [each._replace(is_all=each.value == whole) for each in filters]
    return filters


def _named(snapshot: Snapshot, query: str) -> list[SoftFilter]:
    """The values that a query names, in its order."""
    values = snapshot.soft_values
    typed = {word: values.terms(word) for word in words(query)}
    said = ((value, _as_typed(value, typed)) for value in values.named(typed.values()))
    named = [SoftFilter(value, text, text) for value, text in said]
    place = {word: at for at, word in enumerate(typed)}
    return sorted(named, key=lambda each: (place[each.text.partition(" ")[0]], each.text))


def _is_said(value: Value, query: str, function_words: Collection[str]) -> bool:
    """Whether a query whose words a value has may mean it.

    A letter must be alone ("shirt s"), and a function word the first ("on shoes", not "put on").
    """
    said: Collection[str] = ()
    if all(len(term) == 1 for terms in value.words for term in terms):
        said = _LETTER_ALONE.findall(fold(query))
    elif all(terms & set(function_words) for terms in value.words):
        said = words(query)[:1]
    else:
        return True
    return not value.words[0].isdisjoint(said)


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
