"""What a recall finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.facets import Facet
from services.retrieval.filters import Mask
from services.retrieval.reading import Part
from services.retrieval.relaxing import NOT_RELAXED, Relaxation

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Columns of equal length (k,), best first."""

    rows: Rows
    lexical_scores: Scores
    dense_scores: Scores
    fused_scores: Scores
    lexical_ranks: NDArray[np.uint32]
    dense_ranks: NDArray[np.uint32]
    # How many matching variants of its product there are beside each
    variant_counts: NDArray[np.int64]
    by_meaning: Mask  # not in the match set: near by vector, or opened by shoppers
    precedence: NDArray[np.uint32]  # a smaller one comes first, whatever ranks
    total_count: int  # of the match set, less the excluded products
    offset: int  # how many of these come before the first candidate
    facets: tuple[Facet, ...]
    parts: tuple[Part, ...]  # of the query, that were read as soft filters
    tier: str
    stage_ms: dict[str, float]
    degraded: tuple[str, ...] = ()
    relaxation: Relaxation = NOT_RELAXED
    notes: tuple[str, ...] = ()  # about fields of the request that no product has

    @property
    def related_count(self) -> int:
        """Products that joined the lists and are not in the match set."""
        return int(np.count_nonzero(self.by_meaning))
