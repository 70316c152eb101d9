"""Evidence from similar queries: columns for the ranker, and candidates for retrieval.

A neighbour's evidence shrinks with its distance: it is weighted by similarity ** power.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.query_memory.memory import HALF_LIVES_DAYS, LASTING, RECENT, Floats, Neighbours, QueryMemory

KINDS = ("spelling", "meaning")
# The product's share of the opens under near queries (in days, and in weeks), how often it was
# opened, its mean share under a neighbour, and the similarity of the nearest neighbour
_NAMES = ("share_3d", "share_14d", "opens", "mean_share", "similarity")
COLUMNS = tuple(f"near_{kind}_{name}" for kind in KINDS for name in _NAMES)

_LITTLE = 0.5  # pseudo-count of opens in a share, so that a single open gives no share of 1
_ENOUGH = 5.0  # opens under a query that count as much as all of its neighbours
_LITTLE_WEIGHT = 0.1  # pseudo-weight of neighbours in the mean


def near_columns(
    memory: QueryMemory, query: str, vector: Floats | None, product_ids: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """COLUMNS (n,) of n products.

    Without a `vector` the columns of the kind "meaning" are zeros.
    """
    places = np.array([memory.product_places.get(each, -1) for each in product_ids], np.int64)
    columns: dict[str, NDArray[np.float32]] = {}
    for kind, neighbours in _kinds(memory, query, vector):
        found = _of_candidates(memory, neighbours, places)
        columns |= {f"near_{kind}_{name}": found[name] for name in _NAMES}
    return columns


def likely_products(memory: QueryMemory, query: str, vector: Floats | None, limit: int) -> list[str]:
    """Ids of the products most opened under the query and its neighbours, best first.

    The more opens the query itself has, the less its neighbours count.
    """
    scores: dict[int, float] = {}
    own = memory.place(query) if memory.knows_itself else None
    itself = np.array([own] if own is not None else [], np.int64)
    ones = np.ones(len(itself), np.float32)
    opens = _add_shares(memory, Neighbours(itself, ones, ones), scores, 1.0)
    trust = _ENOUGH / (opens + _ENOUGH)
    for _, neighbours in _kinds(memory, query, vector):
        _add_shares(memory, neighbours, scores, trust)
    best = sorted(scores, key=lambda place: (-scores[place], place))[:limit]
    return [memory.product_ids[place] for place in best]


def _kinds(memory: QueryMemory, query: str, vector: Floats | None) -> Iterator[tuple[str, Neighbours]]:
    none = Neighbours(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
    yield "spelling", memory.near_in_spelling(query)
    fits = vector is not None and len(vector) == memory.vectors.shape[1]
    yield "meaning", memory.near_in_meaning(query, vector) if fits and vector is not None else none


def _add_shares(memory: QueryMemory, neighbours: Neighbours, scores: dict[int, float], trust: float) -> float:
    """Add each product's share of the opens, times `trust`, to `scores`.

    Returns the number of opens.
    """
    opened = memory.opened(neighbours.places)
    if not len(opened.products):
        return 0.0
    weights = opened.weights[:, LASTING] * neighbours.weights[opened.queries]
    products, inverse = np.unique(opened.products, return_inverse=True)
    total = float(weights.sum())
    shares = trust * np.bincount(inverse, weights) / (total + _LITTLE)
    for product, share in zip(products.tolist(), shares.tolist(), strict=True):
        scores[product] = scores.get(product, 0.0) + share
    return total


def _of_candidates(
    memory: QueryMemory, neighbours: Neighbours, places: NDArray[np.int64]
) -> Mapping[str, NDArray[np.float32]]:
    """Columns _NAMES (n,) of the products at `places` (n,); -1: not remembered."""
    opened = memory.opened(neighbours.places)
    weights = opened.weights * neighbours.weights[opened.queries, None]  # (entries, half-lives)
    totals = np.zeros((len(neighbours.places), len(HALF_LIVES_DAYS)))
    np.add.at(totals, opened.queries, opened.weights)
    each_share = weights[:, LASTING] / np.maximum(totals[opened.queries, LASTING], 1.0)
    owners, entries = _matches(places, opened.products)

    def summed(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.bincount(owners, values[entries], minlength=len(places)).astype(np.float64)

    mass = neighbours.weights @ totals if len(totals) else np.zeros(len(HALF_LIVES_DAYS))
    lasting = summed(weights[:, LASTING])
    nearest = neighbours.similarities.max(initial=0.0)
    columns = {
        "share_3d": summed(weights[:, RECENT]) / (mass[RECENT] + _LITTLE),
        "share_14d": lasting / (mass[LASTING] + _LITTLE),
        "opens": np.log1p(lasting),
        "mean_share": summed(each_share) / (neighbours.weights.sum() + _LITTLE_WEIGHT),
        "similarity": np.full(len(places), nearest),
    }
    return {name: column.astype(np.float32) for name, column in columns.items()}


def _matches(
    places: NDArray[np.int64], products: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each entry with a product in `places`: the index in `places`, and its own."""
    order = np.argsort(places, kind="stable")
    found = np.searchsorted(places, products, sorter=order)
    found = np.append(order, -1)[found]
    hits = np.flatnonzero((found >= 0) & (np.append(places, -2)[found] == products))
    return found[hits], hits
