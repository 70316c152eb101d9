"""The most frequent values of a facet, of all or of those that are asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.conditions import Mask
from shared.caller import Caller
from shared.snapshot.catalog_columns import CatalogColumns, Segment
from shared.snapshot.columns import SEPARATOR
from shared.snapshot.value_counts import Counts

Values = NDArray[Any]
_AT_ONCE = 1_000  # values looked at before the caller is


@dataclass(frozen=True)
class Selection:
    """The values that a facet counts."""

    part: str = ""  # folded; a value contains it
    parent: str | None = None  # a category right above the value; empty: the value is at the top

    @property
    def everything(self) -> bool:
        """Whether no value is left out."""
        return not self.part and self.parent is None

    def has(self, value: str) -> bool:
        """Whether the value is counted."""
        return self._is_below(value) and (not self.part or self.part in folded(value))

    def _is_below(self, value: str) -> bool:
        if self.parent is None:
            return True
        above, _, _ = value.rpartition(SEPARATOR)
        return above.casefold() == self.parent.casefold()


def path_of(text: str) -> str:
    """A category's path in the form that the columns use."""
    return SEPARATOR.join(part.strip() for part in text.split(">")) if text.strip() else ""


def folded(text: str) -> str:
    """Without regard to case and accents."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def added(found: Sequence[tuple[Values, Counts]]) -> tuple[Values, Counts]:
    """The counts of several segments as one: distinct values in order, and how many have each."""
    if len(found) == 1 or not any(len(values) for values, _ in found[1:]):
        return found[0]
    values, places = np.unique(np.concatenate([values for values, _ in found]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, places, np.concatenate([counts for _, counts in found]))
    return values, counts


def texts(  # noqa: PLR0913 - where to count, what, and for whom
    columns: CatalogColumns,
    parts: Sequence[tuple[Segment, Mask]],
    field: str,
    selection: Selection,
    limit: int,
    caller: Caller,
) -> list[tuple[str, int]]:
    """At least the `limit` most frequent texts with their counts, if there are so many."""
    codes, counts = added([segment.text_counts(field, mask) for segment, mask in parts])
    if selection.everything:
        largest = _largest(codes, counts, limit, columns.values.sorted_count)
        return [(columns.values[code], count) for code, count in largest]
    return _selected(columns, codes, counts, selection, limit, caller)


def _selected(  # noqa: PLR0913 - the counts, and which of them
    columns: CatalogColumns,
    codes: Values,
    counts: Counts,
    selection: Selection,
    limit: int,
    caller: Caller,
) -> list[tuple[str, int]]:
    """Looks through the most frequent first, and no further than it must."""
    found: list[tuple[str, int]] = []
    order = np.argsort(-counts, kind="stable")
    for place, at in enumerate(order.tolist()):
        if place % _AT_ONCE == 0:
            caller.check()
        count = int(counts[at])
        if len(found) >= limit and count < found[limit - 1][1]:
            break
        if selection.has(value := columns.values[int(codes[at])]):
            found.append((value, count))
    return found


def numbers(values: Values, counts: Counts, part: str, limit: int) -> list[tuple[str, int]]:
    """The `limit` most frequent numbers whose text contains `part`, then by size, with their
    counts.
    """
    if not part:
        return [(shown(value), count) for value, count in _largest(values, counts, limit)]
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    found = [(shown(value), count) for value, count in pairs if part in shown(value)]
    return sorted(found, key=lambda pair: -pair[1])[:limit]


def _largest(
    values: Values, counts: Counts, limit: int, sorted_until: float = np.inf
) -> list[tuple[Any, int]]:
    """The `limit` largest counts.

    Ties are in the values' own order, which is alphabetical for codes below `sorted_until`. Of the
    later values, all are returned that may be among the first once they are sorted by text.
    """
    order = _first_largest(counts, limit)
    behind = values >= sorted_until
    if behind.any():
        least = counts[order[-1]] if len(order) == limit else 0
        ahead = np.flatnonzero(~behind)
        others = np.flatnonzero(behind & (counts >= least))
        order = np.concatenate([ahead[_first_largest(counts[ahead], limit)], others])
    return list(zip(values[order].tolist(), counts[order].tolist(), strict=True))


def _first_largest(counts: Counts, limit: int) -> NDArray[np.intp]:
    """The places of the `limit` largest counts, largest first, then the first first."""
    places = np.arange(len(counts))
    if len(counts) > limit:
        places = np.flatnonzero(counts >= np.partition(counts, len(counts) - limit)[len(counts) - limit])
    return places[np.argsort(-counts[places], kind="stable")][:limit]


def shown(number: float) -> str:
    """A number as a facet shows it."""
    return repr(number).removesuffix(".0")
