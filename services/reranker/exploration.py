"""Lets shoppers see products that few have seen, so that these can be learnt about.

On a small share of pages, one such product comes up to a place among the first ten. Without it a
product that nobody sees is never opened, and so never comes up. At most one result of a page moves,
and a page that shows such a product anyway stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from services.reranker.states import Rows
from shared.features.counters import day_of
from shared.features.page import StoredPage

_FIRST_PLACES = (4, 5, 6, 7, 8)  # from 0, where a product may come up
_SHOWN_FIRST = 10
LOOKED_AT = 50  # best candidates
_LITTLE = 20  # visitors who were shown a product in 30 days


@dataclass(frozen=True, slots=True)
class Explored:
    """The candidate that comes up."""

    candidate: int
    place: int  # from 0, to which it comes up
    added: float  # to its score
    propensity: float  # the probability that a page shows it there


@dataclass(frozen=True, slots=True)
class Exploration:
    """`share` of the pages let a product come up, 0 to 1."""

    share: float = 0.0

    def place_on(self, now_seconds: float, visitor_id: str, query: str) -> int | None:
        """The place, from 0, to which a product may come up on a page; None: the page stays.

        The same visitor gets the same page for a query all day. Pages of nobody known teach
        nothing, so they stay.
        """
        if not self.share or not visitor_id:
            return None
        draw, place = _drawn(f"{day_of(now_seconds)}\n{visitor_id}\n{query}")
        return place if draw < self.share else None

    def of(
        self,
        scores: NDArray[np.float64],
        order: Rows,
        stored: StoredPage,
        precedence: Matrix | None = None,
    ) -> Explored | None:
        """The product that comes up on a page, if one does.

        `order` (n,) is that of `scores` (n,). `precedence` is that of Candidates.
        """
        request = stored.request
        place = self.place_on(stored.now_seconds, request.visitor_id, request.query)
        if place is None or len(order) <= _SHOWN_FIRST:
            return None
        best = order[:LOOKED_AT]
        candidate = _little_shown(best, stored.shown()[best], place, precedence)
        if candidate is None:
            return None
        above = scores[order[[place - 1, place]]].mean()
        propensity = self.share / len(_FIRST_PLACES)
        return Explored(candidate, place, float(above - scores[candidate]), propensity)


def _drawn(text: str) -> tuple[float, int]:
    """A number from 0 to 1 and a place, the same for the same text."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
    rest, place = divmod(number, len(_FIRST_PLACES))
    return rest * len(_FIRST_PLACES) / 2**64, _FIRST_PLACES[place]


def _little_shown(best: Rows, shown: Matrix, place: int, precedence: Matrix | None) -> int | None:
    """The best candidate that few visitors were shown, if many were shown all of the first."""
    little = shown < _LITTLE
    if little[:_SHOWN_FIRST].any():
        return None
    if precedence is not None:
        little &= precedence[best] == precedence[best[place]]
    found = np.flatnonzero(little)
    return int(best[found[0]]) if len(found) else None
