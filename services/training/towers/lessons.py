"""Training data of the towers: queries, and the products wanted for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.training.evaluation.judgments import JudgedQuery
from services.training.towers.settings import TowerSettings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Recall = Callable[[str], Sequence[int]]  # a query's candidates by row, best first


@dataclass(frozen=True)
class Wanted:
    """A query with the rows of products wanted for it."""

    text: str
    weights: dict[int, float]  # by row: number of clicks, or gain of the grade; above 0
    # Rows that must not be negatives: products with a low grade
    known: frozenset[int] = frozenset()

    @property
    def weight(self) -> float:
        """The sum of the weights."""
        return sum(self.weights.values())


@dataclass(frozen=True)
class TowerLessons:
    """One catalogue with queries to train on, to decide when training ends, and to measure."""

    name: str
    products: Sequence[str]  # the encoder's text of each product, by row
    training: Sequence[Wanted]
    stopping: Sequence[Wanted]
    recall: Recall
    # To measure the bundle; one entry per event, so that a frequent query counts more
    held_out: Sequence[JudgedQuery] = field(default_factory=list)


@dataclass(frozen=True)
class Drawn:
    """p pairs in the order of training, with k negatives each."""

    queries: Ints  # (p,), places in `texts`
    rows: Ints  # (p,), places in `products`
    negatives: Ints  # (p, k)
    texts: Sequence[str]
    products: Sequence[str]
    known: Sequence[frozenset[int]]  # by query: rows that must not be its negatives

    def __len__(self) -> int:
        return len(self.queries)

    def popularity(self) -> NDArray[np.float32]:
        """(products,): log of the number of draws, relative to the average of drawn products.

        A product that is never drawn counts as drawn once.
        """
        counts = np.bincount(self.rows, minlength=len(self.products))
        average = len(self) / max(int((counts > 0).sum()), 1)
        relative: NDArray[np.float32] = np.log(np.maximum(counts, 1) / average).astype(np.float32)
        return relative


def draw(parts: Sequence[TowerLessons], settings: TowerSettings) -> Drawn:
    """Draw pairs of all parts, in random order.

    The number of draws of a query grows with the square root of its weight, so that a head query
    does not fill the batches. Its products are drawn by their weights, each once before any twice.
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
    """How often to draw a query of this weight."""
    return int(min(settings.most_draws, max(1, round(settings.draws * weight**0.5))))


def _of_query(
    wanted: Wanted, part: TowerLessons, settings: TowerSettings, generator: np.random.Generator
) -> list[tuple[int, list[int]]]:
    """The rows drawn for a query, each with its negatives."""
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
        size = min(len(rows), count - len(found))
        found += generator.choice(rows, size, replace=False, p=shares).tolist()
    return found


def _chosen(rows: Sequence[int], count: int, generator: np.random.Generator) -> list[int]:
    if not rows:
        return []
    chosen: list[int] = generator.choice(rows, min(count, len(rows)), replace=False).tolist()
    return chosen


def _random(products: int, count: int, excluded: set[int], generator: np.random.Generator) -> list[int]:
    """Random rows of the catalogue. An excluded row is redrawn up to five times."""
    found: list[int] = []
    for _ in range(count):
        row = int(generator.integers(products))
        for _ in range(5):
            if row not in excluded:
                break
            row = int(generator.integers(products))
        found.append(row)
    return found
