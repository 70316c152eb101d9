"""The ranker's features: one definition for serving, logging and training.

Columns that end in _z are standardised over the query's candidates, because scores of different
queries do not compare. Features of shoppers' actions (shared/features/spec.py) are 0 without
actions, and nan if unknown: without a feature store, or if it was late. New features go to the end,
and no feature changes its meaning, because rankers in older bundles know theirs by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from services.reranker.standardised import standardised
from shared.features.scopes import COLUMNS
from shared.query_memory import near

_RRF_K = 60  # Cormack et al., "Reciprocal Rank Fusion" (SIGIR 2009)
_RATINGS_PRIOR = 10  # pseudo-count of ratings, at the candidates' mean

VISITOR_AFFINITY = "visitor_affinity"  # as in affinity.py; 0: no recent products

FEATURES = (
    "lexical_score",
    "dense_score",
    "fused_score",
    "maxsim_score",
    "block_score",
    "lexical_z",
    "dense_z",
    "fused_z",
    "maxsim_z",
    "block_z",
    "lexical_reciprocal_rank",
    "dense_reciprocal_rank",
    "price_log",
    "price_relative",
    "rating_average",
    "rating_count_log",
    *COLUMNS,
    VISITOR_AFFINITY,
    *near.COLUMNS,
)


_NO_COLUMNS: Mapping[str, Matrix] = {}
_PLACES = {name: place for place, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class CandidateScores:
    """The known values of a query's candidates, as columns of equal length (n,).

    Nan for unknown values.
    """

    lexical_score: Matrix  # 0 if no word matches
    dense_score: Matrix
    fused_score: Matrix
    lexical_rank: Matrix  # from 1; 0 if not in that list
    dense_rank: Matrix
    maxsim_score: Matrix
    block_score: Matrix  # nan if the block had no time
    price: Matrix  # in units of the currency
    rating_average: Matrix  # 0 to 5
    rating_count: Matrix  # the best estimate of popularity without shoppers' actions


def feature_matrix(candidates: CandidateScores, actions: Mapping[str, Matrix] = _NO_COLUMNS) -> Matrix:
    """The matrix (n, len(FEATURES)) float32, in the order of FEATURES. Nan for unknown values.

    `actions` has columns (n,) of shoppers' actions; missing ones are unknown.
    """
    matrix = np.full((len(FEATURES), len(candidates.fused_score)), np.nan, np.float32)
    for name, column in (*_columns(candidates).items(), *actions.items()):
        matrix[_PLACES[name]] = column
    return np.ascontiguousarray(matrix.T)


def _columns(c: CandidateScores) -> dict[str, NDArray[np.floating]]:
    fused_z = standardised(c.fused_score)
    maxsim_z = standardised(c.maxsim_score)
    price_log = np.log1p(c.price)
    return {
        "lexical_score": c.lexical_score,
        "dense_score": c.dense_score,
        "fused_score": c.fused_score,
        "maxsim_score": c.maxsim_score,
        "block_score": c.block_score,
        "lexical_z": standardised(c.lexical_score),
        "dense_z": standardised(c.dense_score),
        "fused_z": fused_z,
        "maxsim_z": maxsim_z,
        "block_z": _filled(c.block_score, fused_z + maxsim_z),
        "lexical_reciprocal_rank": _reciprocal(c.lexical_rank),
        "dense_reciprocal_rank": _reciprocal(c.dense_rank),
        "price_log": price_log,
        "price_relative": price_log - _median(price_log),
        "rating_average": _smoothed(c.rating_average, c.rating_count),
        "rating_count_log": np.log1p(c.rating_count),
    }


def _filled(scores: Matrix, earlier: Matrix) -> NDArray[np.floating]:
    """Standardised scores.

    A missing score is predicted from the earlier score by a line through the others. So a candidate
    that the block had no time for keeps its position, instead of moving to the middle of the page.
    """
    scored = ~np.isnan(scores)
    filled = np.zeros(len(scores))
    if scored.any():
        filled[scored] = standardised(scores[scored])
        x = earlier[scored] - earlier[scored].mean()
        slope = max(float(x @ filled[scored]) / max(float(x @ x), 1e-9), 0.0)
        filled[~scored] = slope * (earlier[~scored] - earlier[scored].mean())
    return filled


def _reciprocal(ranks: Matrix) -> NDArray[np.floating]:
    return np.where(ranks > 0, 1 / (_RRF_K + ranks), 0)


def _median(values: Matrix) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else 0.0


def _smoothed(average: Matrix, count: Matrix) -> NDArray[np.floating]:
    """The mean rating, shrunk towards the candidates' mean if there are few ratings.

    Nan if no candidate is rated.
    """
    known = ~np.isnan(average)
    if not known.any():
        return average
    usual = float(average[known].mean())
    counts = np.where(known, np.nan_to_num(count), 0)
    smoothed: NDArray[np.floating] = (np.nan_to_num(average) * counts + usual * _RATINGS_PRIOR) / (
        counts + _RATINGS_PRIOR
    )
    return smoothed
