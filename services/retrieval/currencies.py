"""The currencies of a match set's prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.retrieval.conditions import AnyOf, Mask, rows_meeting
from shared.snapshot.catalog_columns import CatalogColumns

NO_CURRENCY = "-"
_FIELD = "currency_code"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Currencies:
    """The currencies in the order of their prices."""

    amounts: str  # the field of the amounts
    priced: Mask  # (n,): rows of the match set with an amount
    codes: tuple[str, ...]  # NO_CURRENCY for amounts without one
    counts: tuple[int, ...]  # of rows, one a code

    def masks(self, columns: CatalogColumns) -> Iterator[Mask]:
        """The rows (n,) of each currency."""
        known = np.zeros(columns.row_count, np.bool_)
        with_one = {code: self.priced & _having(columns, code) for code in self.codes if code != NO_CURRENCY}
        for mask in with_one.values():
            known |= mask
        for code in self.codes:
            yield with_one[code] if code != NO_CURRENCY else self.priced & ~known

    def note(self) -> str:
        """What the caller should know about the order."""
        pairs = zip(self.codes[:_MOST_NAMED], self.counts, strict=False)
        named = ", ".join(f"{code} ({count})" for code, count in pairs)
        return (
            f"order_by: {self.amounts} is in {named}; the first is shown first, each by itself; "
            "set currency_code for another"
        )


def currencies_of(columns: CatalogColumns, matching: Mask, amounts: str, wanted: str) -> Currencies:
    """The currencies of the rows that `matching` (n,) selects and that have an amount.

    The wanted one is first, then the most frequent.
    """
    priced = matching & ~np.isnan(np.concatenate([each.dense(amounts) for each in columns.segments]))
    counts: dict[str, int] = {}
    start = 0
    for segment in columns.segments:
        found = segment.text_counts(_FIELD, priced[start : start + segment.row_count])
        for code, count in zip(*found, strict=True):
            text = columns.values[int(code)]
            counts[text] = counts.get(text, 0) + int(count)
        start += segment.row_count
    if without := int(np.count_nonzero(priced)) - sum(counts.values()):
        counts[NO_CURRENCY] = without
    codes = sorted(counts, key=lambda code: (code != wanted, -counts[code], code))
    return Currencies(amounts, priced, tuple(codes), tuple(counts[code] for code in codes))


def _having(columns: CatalogColumns, code: str) -> Mask:
    return rows_meeting(_FIELD, AnyOf((code,)), columns, lambda product_id: None)
