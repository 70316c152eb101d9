"""What the towers learn from: queries, and the products that shoppers wanted for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.training.evaluation.judgments import JudgedQuery
from services.training.towers.settings import TowerSettings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Recall = Callable[[str], Sequence[int]]  # a query's candidates by row, the best first


@dataclass(frozen=True)
class Wanted:
    """A query with the rows that somebody wanted for it."""

    text: str
    weights: dict[int, float]  # by row: how many clicks, or the gain of the grade; above 0
    # Rows that are no negatives either: those of a low grade
    known: frozenset[int] = frozenset()

    @property
    def weight(self) -> float:
        """All of it."""
        return sum(self.weights.values())


@dataclass(frozen=True)
class TowerLessons:
    """One catalogue with queries; each of them teaches, or stops training, or measures."""

    name: str
    products: Sequence[str]  # what the encoder reads of each, by row
    training: Sequence[Wanted]
    stopping: Sequence[Wanted]
    recall: Recall
    # What the bundle is measured by; one entry an event, so that a frequent query counts more
    held_out: Sequence[JudgedQuery] = field(default_factory=list)


@dataclass(frozen=True)
class Drawn:
    """Pairs in the order of training, with their negatives; p pairs, k negatives each."""

    queries: Ints  # (p,), places in `texts`
    rows: Ints  # (p,), places in `products`
    negatives: Ints  # (p, k)
    texts: Sequence[str]
    products: Sequence[str]
    known: Sequence[frozenset[int]]  # by query: rows that are no negatives of it

    def __len__(self) -> int:
        return len(self.queries)

    def popularity(self) -> NDArray[np.float32]:
        """(products,): the log of how often each is drawn, relative to the average of those drawn.

        A product that is never drawn has that of one drawn once.
        """
        counts = np.bincount(self.rows, minlength=len(self.products))
        average = len(self) / max(int((counts > 0).sum()), 1)
        relative: NDArray[np.float32] = np.log(np.maximum(counts, 1) / average).astype(np.float32)
        return relative


def draw(parts: Sequence[TowerLessons], settings: TowerSettings) -> Drawn:
    """Pairs of all parts in a mixed order.

    A query is drawn as often as the square root of what it weighs says, so that a head query does
    not fill the batches. Its products are drawn by their weights, each once before any twice.
    """
    generator = np.random.default_rng(settings.seed)
    texts: list[str] = []
    products: list[str] = []
    known: list[frozenset[int]] = []
    drawn: list[tuple[int, int, list[int]]] = []
    for part in parts:
        first = len(products)
        for wanted in part.training:
            own = frozenset(row + first for row in {*wanted.weights, *wanted.known})
            for row, negatives in _of_query(wanted, part, settings, generator):
                drawn.append((len(texts), row + first, [each + first for each in negatives]))
            texts.append(wanted.text)
            known.append(own)
        products += part.products
    mixed = [drawn[place] for place in generator.permutation(len(drawn))]
    width = settings.hard_negatives + settings.random_negatives
    return _columns(mixed, width, texts, products, known)


def _columns(
    pairs: Sequence[tuple[int, int, list[int]]],
    width: int,
    texts: Sequence[str],
    products: Sequence[str],
    known: Sequence[frozenset[int]],
) -> Drawn:
    return Drawn(
        queries=np.array([query for query, _, _ in pairs], np.int64),
        rows=np.array([row for _, row, _ in pairs], np.int64),
        negatives=np.array([negatives for _, _, negatives in pairs], np.int64).reshape(-1, width),
        texts=texts,
        products=products,
        known=known,
    )


def draw_count(weight: float, settings: TowerSettings) -> int:
    """How often a query of this weight is drawn."""
    return int(min(settings.most_draws, max(1, round(settings.draws * weight**0.5))))


def _of_query(
    wanted: Wanted, part: TowerLessons, settings: TowerSettings, generator: np.random.Generator
) -> list[tuple[int, list[int]]]:
    """Rows that are drawn for a query, each with its negatives."""
    rows = _rows(wanted, draw_count(wanted.weight, settings), generator)
    excluded = {*wanted.weights, *wanted.known}
    recalled = part.recall(wanted.text) if settings.hard_negatives else ()
    recalled = recalled[settings.hardest : settings.recalled]
    hard = [row for row in recalled if row not in excluded]
    found = []
    for row in rows:
        chosen = _chosen(hard, settings.hard_negatives, generator)
        missing = settings.hard_negatives + settings.random_negatives - len(chosen)
        found.append((row, chosen + _random(len(part.products), missing, excluded, generator)))
    return found


def _rows(wanted: Wanted, count: int, generator: np.random.Generator) -> list[int]:
    rows = np.array(list(wanted.weights))
    shares = np.array(list(wanted.weights.values()))
    shares = shares / shares.sum()
    found: list[int] = []
    while len(found) < count:
        some = min(len(rows), count - len(found))
        found += generator.choice(rows, some, replace=False, p=shares).tolist()
    return found


def _chosen(rows: Sequence[int], count: int, generator: np.random.Generator) -> list[int]:
    if not rows:
        return []
    chosen: list[int] = generator.choice(rows, min(count, len(rows)), replace=False).tolist()
    return chosen


def _random(products: int, count: int, excluded: set[int], generator: np.random.Generator) -> list[int]:
    """Rows of the catalogue; one that is excluded is drawn again a few times."""
    found: list[int] = []
    for _ in range(count):
        row = int(generator.integers(products))
        for _ in range(5):
            if row not in excluded:
                break
            row = int(generator.integers(products))
        found.append(row)
    return found
