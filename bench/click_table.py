"""MRR and hit@5 of clicked products, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product

import numpy as np

from shared.bootstrap import interval

DEPTH = 100
DAY_ONE, MOST_CLICKED = "day one", "most clicked"
SIMPLE = DAY_ONE, MOST_CLICKED  # orders that learn nothing, or only count
_DRAWS = 1_000


@dataclass
class Ranks:
    """Places of clicked products, from 1, by order and day; those beyond the first 100 count
    nothing.
    """

    by_order: dict[str, dict[date, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, order: str, day: date, rank: int | None) -> None:
        """Note a click."""
        self.by_order[order][day].append(rank or DEPTH + 1)

    def lines(self) -> Iterator[str]:
        """A table for people."""
        yield "| day | clicks | " + " | ".join(f"{name} MRR / hit@5" for name in self.by_order) + " |"
        yield "| --- | --- |" + " --- |" * len(self.by_order)
        first = next(iter(self.by_order.values()), {})
        for day in first:
            cells = (_cell(days[day]) for days in self.by_order.values())
            yield f"| {day} | {len(first[day])} | " + " | ".join(cells) + " |"
        together = {name: [each for ranks in days.values() for each in ranks] for name, days in self.all()}
        count = len(next(iter(together.values()), []))
        yield f"| all | {count} | " + " | ".join(map(_cell, together.values())) + " |"
        yield from _gains(together)

    def all(self) -> Iterator[tuple[str, Mapping[date, list[int]]]]:
        """Each order with its days."""
        yield from self.by_order.items()


def _gains(together: Mapping[str, list[int]]) -> Iterator[str]:
    """Of the learnt orders over the simple ones, with intervals."""
    learnt = [name for name in together if name not in SIMPLE]
    for ours, name in product(learnt, [name for name in together if name in SIMPLE]):
        gains = _reciprocal(together[ours]) - _reciprocal(together[name])
        low, high = interval(gains, _DRAWS)
        yield f"MRR of {ours} - {name}: {gains.mean():+.4f} ({low:+.4f} to {high:+.4f})"


def _cell(ranks: list[int]) -> str:
    found = np.array(ranks)
    return f"{_reciprocal(ranks).mean():.4f} / {(found <= 5).mean():.4f}"


def _reciprocal(ranks: list[int]) -> np.ndarray:
    found = np.array(ranks)
    scores: np.ndarray = np.where(found <= DEPTH, 1 / found, 0.0)
    return scores
