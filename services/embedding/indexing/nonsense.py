"""Cosine floors: the best matches of nonsense queries. Below them, a cosine says nothing."""

from __future__ import annotations

import random

import numpy as np

from services.embedding.indexing.ports import ProductEncoder, Vectors

_COUNT = 96
_CONSONANTS = "bcdfghjklmnprstvwz"
_VOWELS = "aeiou"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# The quantiles: for queries of known words, which mean something, and for others
_SHARES = (0.85, 0.98)
_CHUNK_ROWS = 16_384


def dense_floors(encoder: ProductEncoder, vectors: Vectors) -> tuple[float, float]:
    """Cosine floors: the 85 % and 98 % quantiles of the best matches of nonsense queries.

    `vectors` (n, dim) have unit norm. The queries are letters and syllables at random.
    """
    queries, _ = encoder.encode_products(nonsense())
    best = np.full(len(queries), -1.0)
    for start in range(0, len(vectors), _CHUNK_ROWS):
        chunk = np.asarray(vectors[start : start + _CHUNK_ROWS], np.float32)
        best = np.maximum(best, (queries @ chunk.T).max(axis=1))
    low, high = np.quantile(best, _SHARES)
    return float(low), float(high)


def nonsense() -> list[str]:
    """Nonsense queries, the same each time."""
    rng = random.Random(0)
    return [" ".join(_word(rng, each % 2 == 0) for _ in range(rng.randint(1, 3))) for each in range(_COUNT)]


def _word(rng: random.Random, letters: bool) -> str:
    if letters:
        return "".join(rng.choice(_LETTERS) for _ in range(rng.randint(4, 10)))
    return "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randint(2, 4)))
