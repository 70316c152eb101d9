"""How a shopper looks through a page: two models of clicks.

Both take what attracts at each position, and give the places that are clicked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

BIAS = 0.8  # examination is position ** -BIAS
SATISFIED = (0.1, 0.3, 0.6, 0.8)  # by grade: after a click, the search ends
GOES_ON = 0.9  # to the next position, where nothing has satisfied


@dataclass(frozen=True)
class Glance:
    """A product as a shopper sees it."""

    attraction: float  # the chance that it is clicked once seen
    grade: int


ClickModel = Callable[[Random, Sequence[Glance]], list[int]]


def examination(position: int) -> float:
    """Chance that a shopper's eyes reach a position, from 1, in the position-based model."""
    return float(position**-BIAS)


def position_based(random: Random, page: Sequence[Glance]) -> list[int]:
    """Each position is examined by itself; several products may be clicked."""
    return [
        place
        for place, glance in enumerate(page)
        if random.random() < examination(place + 1) * glance.attraction
    ]


def cascade(random: Random, page: Sequence[Glance]) -> list[int]:
    """From the first product downwards, until a click satisfies or patience ends.

    Chapelle and Zhang, "A Dynamic Bayesian Network Click Model for Web Search Ranking" (WWW 2009).
    """
    clicked: list[int] = []
    for place, glance in enumerate(page):
        if random.random() < glance.attraction:
            clicked.append(place)
            if random.random() < SATISFIED[glance.grade]:
                break
        if random.random() >= GOES_ON:
            break
    return clicked
