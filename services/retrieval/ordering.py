"""The first products of a match set, in the order that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.currencies import Currencies, currencies_of
from services.retrieval.facets import all_rows
from services.retrieval.filters import Mask
from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.snapshots import Snapshot
from shared.catalog.order_by import OrderBy

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
_MORE = 4  # times as many rows are looked at, in case that the last ones are equally relevant


@dataclass(frozen=True)
class Ordered:
    """Rows, the first first, and what the caller should know about their order."""

    rows: Rows
    notes: tuple[str, ...] = ()


def ordered(  # noqa: PLR0913 - what to order, how, and by what
    snapshot: Snapshot,
    order: OrderBy,
    currency_code: str,
    limit: int,
    matching: Mask | None,
    words: LexicalSearch | None,
) -> Ordered:
    """The first `limit` of the rows that `matching` (n,) selects; None: of all.

    Of equal ones the more relevant to `words` is first, then the one in stock, then the more
    popular. Amounts of different currencies are not compared: one currency follows the other.
    """
    if not order.by_money:
        return Ordered(_first(snapshot, order, limit, matching, words))
    everything = all_rows(snapshot.columns, matching)
    found = currencies_of(snapshot.columns, everything, order.field, currency_code)
    if len(found.codes) < 2:
        return Ordered(_first(snapshot, order, limit, matching, words))
    rows = np.concatenate(list(_by_currency(snapshot, order, limit, everything, words, found)))
    return Ordered(rows[:limit], (found.note(),))


def _by_currency(  # noqa: PLR0913 - what to order, how, and by what
    snapshot: Snapshot,
    order: OrderBy,
    limit: int,
    matching: Mask,
    words: LexicalSearch | None,
    currencies: Currencies,
) -> Iterator[Rows]:
    missing = limit
    rest = matching.copy()
    for mask in currencies.masks(snapshot.columns):
        if missing <= 0:
            return
        rows = _first(snapshot, order, missing, mask, words)
        missing -= len(rows)
        rest &= ~mask
        yield rows
    yield _first(snapshot, order, max(missing, 0), rest, words)


def _first(
    snapshot: Snapshot,
    order: OrderBy,
    limit: int,
    matching: Mask | None,
    words: LexicalSearch | None,
) -> Rows:
    rows = snapshot.orders.first(order, limit, matching)
    if words is None or order.by_relevance or not len(rows):
        return rows
    return _by_relevance(snapshot, order, rows, limit, matching, words)


def _by_relevance(  # noqa: PLR0913 - rows of an order, and by what to order equal ones
    snapshot: Snapshot,
    order: OrderBy,
    rows: Rows,
    limit: int,
    matching: Mask | None,
    words: LexicalSearch,
) -> Rows:
    """The first rows, with the most relevant first among those with equal values."""
    values = snapshot.orders.keys(order, rows)[:2]
    before = (values != values[:, -1:]).any(axis=0)  # whichever of the last are taken, these stay
    if len(rows) == limit:
        tied = snapshot.orders.tied(order, int(rows[-1])) & all_rows(snapshot.columns, matching)
        last, last_scores = _most_relevant(words, tied, int(np.count_nonzero(~before)))
    else:
        last, last_scores = rows[~before], words.scores(rows[~before])
    found = np.concatenate([rows[before], last])
    scores = np.concatenate([words.scores(rows[before]), last_scores])
    kinds, numbers, *ties = snapshot.orders.keys(order, found)
    return found[np.lexsort((snapshot.orders.home(found), *reversed(ties), -scores, numbers, kinds))][:limit]


def _most_relevant(words: LexicalSearch, tied: Mask, count: int) -> tuple[Rows, Scores]:
    """Rows of `tied` (n,) among which its `count` most relevant are, with all that are as relevant
    as the last of them, and their scores.
    """
    asked = count
    while True:
        asked *= _MORE
        rows, scores = words.best(asked, tied)
        if len(rows) < asked:  # all that hold a word
            break
        if scores[-1] < scores[count - 1]:
            return rows, scores
    if len(rows) >= count:
        return rows, scores
    others = tied.copy()
    others[rows] = False
    rest = np.flatnonzero(others)
    return np.concatenate([rows, rest]), np.append(scores, np.zeros(len(rest), np.float32))
