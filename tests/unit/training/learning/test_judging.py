from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.reranker.features import FEATURES
from services.reranker.ranker import Ranker
from services.training.learning.click_ranker import ClickSettings, train_click_ranker
from services.training.learning.gate import GateSettings, refusal
from services.training.learning.judging import Judgement, judge, page_weights
from services.training.learning.pages import Pages
from tests.unit.training.learning.shop import POPULAR, RELEVANT, pages

QUICK = ClickSettings(trees=20, min_leaf=20)


def learnt(taught: Pages) -> Ranker:
    trained = train_click_ranker(taught, np.ones(len(taught.opened)), QUICK)
    return Ranker.of_text(trained.prior, trained.trees)


def linear(**weights: float) -> Ranker:
    return Ranker(np.array([weights.get(name, 0.0) for name in FEATURES]))


def judged(new: Ranker, in_use: Ranker, later: Pages) -> Judgement:
    return judge(new, in_use, later, np.ones(len(later)))


def test_what_shoppers_open_is_learnt_and_passes_the_gate() -> None:
    judgement = judged(learnt(pages(800)), linear(dense_z=1.0), pages(400, seed=1))
    assert judgement.mrr > judgement.mrr_in_use + 0.1
    assert refusal(judgement, GateSettings(worst_new_query_gain=-1.0)) == ""


def test_a_ranker_learnt_from_shuffled_clicks_is_refused() -> None:
    judgement = judged(
        learnt(pages(800, shuffled=True)), linear(query_open_share_total=1.0), pages(400, seed=1)
    )
    assert "not better beyond chance" in refusal(judgement, GateSettings())


def test_shuffled_clicks_that_judge_too_do_not_help_it() -> None:
    judgement = judged(
        learnt(pages(800, shuffled=True)), linear(dense_z=1.0), pages(400, seed=1, shuffled=True)
    )
    assert "not better beyond chance" in refusal(judgement, GateSettings())


def test_the_same_ranker_is_not_better_than_itself() -> None:
    ranker = linear(dense_z=1.0)
    judgement = judged(ranker, ranker, pages(300))
    assert (judgement.gain_low, judgement.gain_high, judgement.coverage) == (0.0, 0.0, 1.0)
    assert "not better" in refusal(judgement, GateSettings())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pages": 10}, "only 10 later pages"),
        ({"new_query_gain": -0.1}, "never asked before"),
        ({"coverage": 0.5}, "50% as many different products"),
        ({"new_products": 0.1}, "10% as many products that were never opened"),
        ({"rank_ms": 50.0}, "takes 50.0 ms"),
        ({"gain_low": -0.1}, "-0.1000 to"),
    ],
)
def test_each_guard_says_why(change: dict[str, Any], reason: str) -> None:
    good = Judgement(500, 0.7, 0.6, 0.9, 0.8, 0.05, 0.15, 0.0, 1.0, 1.0, 1.0, 1.0)
    assert refusal(good, GateSettings()) == ""
    assert reason in refusal(replace(good, **change), GateSettings())


def test_a_page_counts_what_its_open_counts() -> None:
    some = pages(3, rows=4)
    rows = np.where(some.opened, 2.5, 9.0)
    assert page_weights(some, rows).tolist() == [2.5, 2.5, 2.5]


def test_opens_where_few_look_weigh_more_in_training() -> None:
    """Half of the shoppers open popular products, and their opens weigh ten times as much."""
    popular = pages(400)
    relevant = replace(pages(400, seed=3), opened=pages(400, seed=3).opened)
    order = relevant.features[:, RELEVANT].reshape(400, 20).argmax(axis=1)
    opened = np.zeros((400, 20), np.bool_)
    opened[np.arange(400), order] = True
    both = replace(
        popular,
        features=np.concatenate([popular.features, relevant.features]),
        opened=np.concatenate([popular.opened, opened.ravel()]),
        positions=np.tile(popular.positions, 2),
        products=np.tile(popular.products, 2),
        sizes=np.tile(popular.sizes, 2),
        seconds=np.tile(popular.seconds, 2),
        queries=np.tile(popular.queries, 2),
    )
    weights = np.repeat([10.0, 1.0], len(popular.opened))
    for row_weights, stronger in ((weights, POPULAR), (weights[::-1], RELEVANT)):
        trained = train_click_ranker(both, row_weights, QUICK)
        ranker = Ranker.of_text({}, trained.trees)
        gained = []
        for place in (POPULAR, RELEVANT):
            probe = np.zeros((2, len(FEATURES)), np.float32)
            probe[1, place] = 1.0
            scores = ranker.score(probe)
            gained.append(scores[1] - scores[0])
        assert (gained[0] > gained[1]) == (stronger == POPULAR)
