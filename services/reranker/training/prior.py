"""The linear prior of the ranker, which orders pages before any trees are trained."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from services.reranker.features import FEATURES
from services.reranker.training.quality import Scores, beyond_noise, qualities
from services.reranker.training.ranking_group import RankingGroup

# For shops without judgments: each leg of retrieval counts. docs/relevance.md has the figures.
PRIOR: Mapping[str, float] = {
    "fused_z": 1.0,
    "lexical_z": 0.4,
    "dense_z": 0.2,
    "maxsim_z": 0.15,
    "block_z": 0.05,
    "lexical_reciprocal_rank": 20.0,
}

# Weights to try for the reranker's own scores; larger ones do not transfer to other catalogues
_WEIGHTS = (0.05, 0.15, 0.3, 0.5)
_LEGS = ("lexical_z", "dense_z", "lexical_reciprocal_rank")
_LEG_SHARES = (0.5, 1.0)  # shares to try for the weights of the legs


def fitted_prior(groups: Sequence[RankingGroup], prior: Mapping[str, float] = PRIOR) -> Mapping[str, float]:
    """The prior with the weights of reranker and legs that suit the judged queries best.

    The prior is unchanged if the gain is within noise. Bundles differ most in how far the reranker
    may be trusted. Two numbers from short lists can be fitted on a few dozen queries. MaxSim and
    block get the same weight, because their scores are too similar to fit separately.
    """
    priors = [_weighted(prior, *each) for each in product(_LEG_SHARES, _WEIGHTS)]
    found = [qualities(groups, linear(groups, each)) for each in priors]
    best = int(np.argmax([quality.mean() for quality in found]))
    gains = found[best] - qualities(groups, linear(groups, prior))
    return priors[best] if beyond_noise(gains) else prior


def _weighted(prior: Mapping[str, float], leg_share: float, weight: float) -> Mapping[str, float]:
    legs = {name: prior[name] * leg_share for name in _LEGS}
    return {**prior, **legs, "maxsim_z": weight, "block_z": weight}


def linear(groups: Sequence[RankingGroup], prior: Mapping[str, float]) -> list[Scores]:
    """The prior's scores of each group's candidates."""
    weights = weights_of(prior)
    return [np.nan_to_num(group.features) @ weights for group in groups]


def weights_of(prior: Mapping[str, float]) -> Scores:
    """The prior's weights (features,), in the order of FEATURES."""
    return np.array([prior.get(name, 0.0) for name in FEATURES])
