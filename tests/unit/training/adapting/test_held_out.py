import math

import numpy as np
import pytest

from services.reranker.features import FEATURES
from services.reranker.query import EncodedQuery
from services.reranker.training.prior import PRIOR
from services.reranker.training.ranking_group import RankingGroup
from services.training.adapting.adapted_report import Adapted
from services.training.adapting.grading import GradedQuery, grades_of
from services.training.adapting.held_out import HeldOut, Measured, fitted_weights
from services.training.bundle_quality import ADAPTING, objection
from services.training.judged_shop import Page
from shared.models.bundle import Bundle
from tests.unit.training.adapting.candidates import candidates

QUERIES, CANDIDATES = 60, 30
PLACES = {name: place for place, name in enumerate(FEATURES)}


def _held_out(honest: bool) -> HeldOut:
    """Fused scores that know little, and a block that knows the grades.

    The products that queries were made from are its best if `honest`, otherwise its worst.
    """
    chance = np.random.default_rng(0)
    groups, origins = [], []
    for number in range(QUERIES):
        grades = chance.uniform(0, 3, CANDIDATES).astype(np.float32)
        features = np.full((CANDIDATES, len(FEATURES)), np.nan, np.float32)
        features[:, PLACES["fused_z"]] = grades * 0.2 + chance.normal(size=CANDIDATES)
        features[:, PLACES["block_z"]] = grades - grades.mean()
        features[:, PLACES["maxsim_z"]] = 0
        groups.append(RankingGroup(f"q{number}", features, grades))
        origins.append(int(np.argmax(grades) if honest else np.argmin(grades)))
    return HeldOut(groups, origins)


def test_a_block_that_the_origins_bear_out_gets_the_largest_weight() -> None:
    held_out = _held_out(honest=True)
    before = held_out.by_prior(PRIOR)
    fitted = fitted_weights(held_out, PRIOR, before)
    assert fitted.prior["block_z"] == 0.5
    assert fitted.prior["fused_z"] == PRIOR["fused_z"]
    assert fitted.ndcg > before.summary[0]


def test_a_block_that_lowers_the_origins_gets_no_more_than_it_had() -> None:
    held_out = _held_out(honest=False)
    fitted = fitted_weights(held_out, PRIOR, held_out.by_prior(PRIOR))
    assert fitted.prior["block_z"] <= PRIOR["block_z"]


def _query(scores: list[list[float]], origin: int) -> GradedQuery:
    query = EncodedQuery("q", *(np.zeros((1, 1), np.float32),) * 3)
    places = np.arange(len(scores))
    page = Page(query, candidates(len(scores)))
    return GradedQuery(page, origin, places, np.array(scores, np.float32))


def test_teachers_of_different_scales_count_alike() -> None:
    one = _query([[1.0], [2.0], [3.0]], 0)
    two = _query([[1.0, 100.0], [2.0, 200.0], [3.0, 300.0]], 0)
    np.testing.assert_allclose(one.wanted, two.wanted, atol=1e-6)
    np.testing.assert_allclose(grades_of([one])[0], grades_of([two])[0], atol=1e-6)


def test_grades_compare_between_queries() -> None:
    poor, good = grades_of([_query([[-9.0], [-8.0]], 0), _query([[8.0], [9.0]], 0)])
    assert 0 <= poor.max() < 1 < 2 < good.min() <= 3


def _measured(ndcg: float, origin: float) -> Measured:
    noise = np.linspace(-0.01, 0.01, QUERIES)
    return Measured(ndcg + noise, origin + noise)


@pytest.mark.parametrize(
    ("ndcg", "origin", "refused"),
    [(0.85, 0.5, ""), (0.8, 0.5, "not better beyond chance"), (0.85, 0.4, "lowers the products")],
)
def test_a_bundle_is_refused_unless_it_is_better_and_lowers_no_origin(
    ndcg: float, origin: float, refused: str
) -> None:
    adapted = Adapted("default", _measured(0.8, 0.5), _measured(ndcg, origin))
    assert refused in adapted.refused
    assert bool(adapted.refused) == bool(refused)
    metrics = {ADAPTING: adapted.report(), "quality": adapted.quality.report()}
    made, serving = Bundle(None, "new", metrics=metrics), Bundle(None, "default")  # type: ignore[arg-type]
    assert objection(made, serving, lambda _: None) == adapted.refused
    other = Bundle(None, "other")  # type: ignore[arg-type]
    assert "judged against default" in objection(made, other, lambda _: None)


def test_the_report_has_both_measures_with_an_interval() -> None:
    report = Adapted("default", _measured(0.8, 0.5), _measured(0.85, 0.5)).report()
    assert report["queries"] == QUERIES
    assert report["ndcg@10"]["change"] == pytest.approx(0.05)
    low, high = report["ndcg@10"]["interval"]
    assert low <= 0.05 <= high
    assert math.isclose(report["origin"]["change"], 0, abs_tol=1e-9)
