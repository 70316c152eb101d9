import numpy as np
import pytest

pytest.importorskip("lightgbm")

from services.reranker.features import FEATURES
from services.reranker.training.lambdamart import train_ranker
from services.reranker.training.prior import PRIOR, fitted_prior
from services.reranker.training.ranking_group import RankingGroup
from shared.errors import InvalidRequest


def _groups(count: int, telling: str, noise: float = 0.3, seed: int = 0) -> list[RankingGroup]:
    """Queries with twelve candidates, whose grades follow one feature."""
    generator = np.random.default_rng(seed)
    groups = []
    for query in range(count):
        features = generator.normal(size=(12, len(FEATURES))).astype(np.float32)
        wanted = features[:, FEATURES.index(telling)] + noise * generator.normal(size=12)
        groups.append(
            RankingGroup(str(query), features, np.clip(np.round(wanted + 1), 0, 3).astype(np.float32))
        )
    return groups


def test_a_reranker_that_tells_gets_more_weight() -> None:
    prior = fitted_prior(_groups(60, "block_z"))
    assert prior["block_z"] > PRIOR["block_z"]
    assert prior["dense_z"] < PRIOR["dense_z"]


def test_noise_leaves_the_prior_as_it_is() -> None:
    grades = np.random.default_rng(3).integers(0, 4, size=(24, 12)).astype(np.float32)
    groups = [
        RankingGroup(group.query, group.features, grade)
        for group, grade in zip(_groups(24, "fused_z"), grades, strict=True)
    ]
    trained = train_ranker(groups)
    assert trained.tree_count == 0
    assert not trained.trees


def test_trees_find_what_the_prior_does_not_know() -> None:
    trained = train_ranker(_groups(240, "dense_score", noise=0.1))
    assert trained.tree_count > 0
    assert trained.ndcg["ranker"] > trained.ndcg["prior"] + 0.02


def test_too_few_queries_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(InvalidRequest, match="20 are needed"):
        train_ranker(_groups(5, "block_z"))
