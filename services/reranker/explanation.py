"""Explains the positions of candidates."""

from collections.abc import Iterator

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.ranker import Ranker
from services.reranker.reranker import Reranking
from services.reranker.states import Rows

Part = tuple[str, float, float]  # feature, its value, its contribution to relevance_score

AFFINITY = "affinity"
CROSS_ENCODER = "cross_encoder"
EXPLORATION = "exploration"
START = "start"


def explain(ranker: Ranker, reranking: Reranking, places: Rows) -> Iterator[list[Part]]:
    """The parts of each candidate's relevance_score, largest first. They add up to it.

    "start" is the common start of all scores, and "affinity" the part of the visitor's recent
    products. "cross_encoder" is the change by the cross-encoder, and "exploration" what lets a
    product come up that few shoppers have seen. Unknown values are given as 0.
    """
    values = reranking.features[places]
    contributions, start = ranker.contributions(values)
    for place, row, added in zip(places, np.nan_to_num(values), contributions, strict=True):
        parts: list[Part] = list(zip(FEATURES, row.tolist(), added.tolist(), strict=True))
        parts.append((AFFINITY, float(reranking.affinity[place]), float(reranking.affinity_added[place])))
        if reranking.cross_encoded:
            moved = float(reranking.cross_encoded.added[place])
            parts.append((CROSS_ENCODER, moved, moved))
        if reranking.explored and place == reranking.explored.candidate:
            parts.append((EXPLORATION, 1.0, reranking.explored.added))
        parts.append((START, 1.0, start))
        yield sorted((part for part in parts if part[2]), key=lambda part: -abs(part[2]))
