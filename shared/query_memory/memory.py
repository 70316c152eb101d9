"""The query memory: products opened under each query, and which queries are near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.query_ids import normalised, query_hash
from shared.query_memory.trigrams import Trigrams

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

HALF_LIVES_DAYS = (3.0, 14.0)  # of an opened product, one per column of `weights`
RECENT, LASTING = range(len(HALF_LIVES_DAYS))

_NEIGHBOURS = 40
# Least similarity of a neighbour, and the power that turns a similarity into a weight; measured on
# real clicks (docs/learning.md)
_SPELLING = 0.3, 3
_MEANING = 0.5, 6


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Remembered queries near a query, as columns (k,); k may be 0."""

    places: Places
    similarities: Floats
    weights: Floats  # of each query's evidence


@dataclass(frozen=True, slots=True)
class Opened:
    """Products that were opened under some queries, one entry per query and product."""

    products: Places  # (entries,): places in QueryMemory.product_ids
    queries: Places  # (entries,): places among the queries asked for
    weights: Floats  # (entries, half-lives)


@dataclass(frozen=True)
class QueryMemory:
    """n queries with the products opened under each. Immutable.

    Weights are opens by distinct visitors, halved with every half-life up to the time it was built.
    """

    hashes: Places  # (n,), as query_hash gives them
    texts: Sequence[str]  # n; empty if too few visitors typed the query to keep its text
    vectors: NDArray[np.float16]  # (n, dim), unit norm; zeros for a query without a text
    encoder_version: str  # of the encoder that made the vectors
    product_ids: Sequence[str]  # m
    ends: Places  # (n,): where the entries of each query end
    products: Places  # (entries,): places in product_ids
    weights: Floats  # (entries, half-lives)
    version: str = ""
    knows_itself: bool = True  # False: ignore the products opened under the query itself

    def __len__(self) -> int:
        return len(self.hashes)

    @cached_property
    def _trigrams(self) -> Trigrams:
        return Trigrams(self.texts)

    @cached_property
    def _vectors(self) -> tuple[Places, Floats]:
        """The places of queries that have a vector, and these vectors."""
        places = np.flatnonzero(self.vectors.any(axis=1))
        return places, self.vectors[places].astype(np.float32)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {int(each): place for place, each in enumerate(self.hashes)}

    @cached_property
    def product_places(self) -> dict[str, int]:
        """Place of each product by its id."""
        return {product_id: place for place, product_id in enumerate(self.product_ids)}

    def warm(self) -> None:
        """Compute all cached properties, so that the first query does not wait for them."""
        self.near_in_spelling("a")
        self.near_in_meaning("a", np.zeros(self.vectors.shape[1], np.float32))
        assert self.product_places is not None

    def place(self, query: str) -> int | None:
        """The place of a query; None if it is not remembered."""
        return self._places.get(query_hash(query))

    def near_in_spelling(self, query: str) -> Neighbours:
        """Other remembered queries that share most of their letter trigrams with this one."""
        return self._nearest(query, self._trigrams.similarities(normalised(query)), *_SPELLING)

    def near_in_meaning(self, query: str, vector: Floats) -> Neighbours:
        """Other remembered queries near `vector` (dim,), which is of this memory's encoder."""
        places, vectors = self._vectors
        similarities = np.zeros(len(self), np.float32)
        similarities[places] = vectors @ vector
        return self._nearest(query, similarities, *_MEANING)

    def _nearest(self, query: str, similarities: Floats, least: float, power: int) -> Neighbours:
        own = self.place(query)
        if own is not None:
            similarities[own] = 0.0
        places = np.flatnonzero(similarities > least)
        if len(places) > _NEIGHBOURS:
            places = places[np.argpartition(-similarities[places], _NEIGHBOURS)[:_NEIGHBOURS]]
        found = similarities[places].astype(np.float32)
        return Neighbours(places, found, found**power)

    def opened(self, places: Places) -> Opened:
        """The products opened under the queries at `places` (k,)."""
        ends = self.ends[places]
        starts = np.where(places > 0, self.ends[places - 1], 0)
        lengths = ends - starts
        queries = np.repeat(np.arange(len(places)), lengths)
        before = np.cumsum(lengths) - lengths  # entries of the queries before each
        entries = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
        return Opened(self.products[entries], queries, self.weights[entries])
