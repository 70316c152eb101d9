"""Narrows a search by what its query says beside its words: a price, what is not wanted, and what a
language model read in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.retrieval.filters import Between, Filter, Mask, Tree, fields_of, mask_of
from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.snapshots import Snapshot


@dataclass(frozen=True)
class Limits:
    """Limits in a query's text. A limit that would empty the page is dropped."""

    without: tuple[str, ...] = ()  # words that a result does not hold
    price: tuple[float, float] | None = None  # lowest and highest
    filters: tuple[Tree, ...] = ()  # that a language model read


NO_LIMITS = Limits()


def narrowed(
    snapshot: Snapshot, limits: Limits, words: LexicalSearch, allowed: Mask | None
) -> tuple[Mask | None, list[str]]:
    """The rows (n,) of `allowed` that keep the limits, and notes about limits that were left out."""
    notes: list[str] = []
    for said, mask in _masks(snapshot, limits, words):
        kept = mask if allowed is None else mask & allowed
        matching = words.matching()
        if (kept & matching).any() or (kept.any() and not matching.any()):
            allowed = kept
        else:
            notes.append(f"query: no result is {said}, so this was left out")
    return allowed, notes


def _masks(snapshot: Snapshot, limits: Limits, words: LexicalSearch) -> Sequence[tuple[str, Mask]]:
    found = [(f"without {word!r}", ~words.holding(word)) for word in limits.without]
    if limits.price is not None:
        low, high = limits.price
        mask = mask_of([Filter("price", Between(low, high))], snapshot.columns, snapshot.products.row)
        assert mask is not None
        found.append((f"at a price {price_words(low, high)}", mask))
    for each in limits.filters:
        mask = mask_of([each], snapshot.columns, snapshot.products.row)
        assert mask is not None
        found.append((f"as the model read it by {', '.join(dict.fromkeys(fields_of([each])))}", mask))
    return found


def price_words(low: float, high: float) -> str:
    """A range of prices in words, such as "up to 300"."""
    if high == np.inf:
        return f"from {low:g}"
    return f"up to {high:g}" if low == -np.inf else f"from {low:g} to {high:g}"
