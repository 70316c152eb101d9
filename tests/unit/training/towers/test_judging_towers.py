import numpy as np

from services.training.evaluation.judgments import JudgedQuery
from services.training.towers.gate import TowerGate, refusal
from services.training.towers.judging import ALL, NEW, TowerJudgement, judgement

GATE = TowerGate(least_queries=50)
QUERIES = [JudgedQuery(f"query {place}", f"query {place}", {"p": 3.0}) for place in range(100)]
TAUGHT = {judged.text for judged in QUERIES[:60]}


def _judged(new: list[float], old: list[float], recall: float = 1.0) -> TowerJudgement:
    ours = {"reranked ndcg@10": new, "reranked recall@100": [recall] * 100}
    theirs = {"reranked ndcg@10": old, "reranked recall@100": [1.0] * 100}
    return judgement("set", ours, theirs, QUERIES, TAUGHT)


def test_a_gain_on_every_query_passes() -> None:
    judged = _judged([0.6] * 100, [0.5] * 100)
    assert refusal([judged], GATE) == ""
    assert judged.queries == {ALL: 100, NEW: 40}


def test_a_gain_within_chance_is_refused() -> None:
    chance = np.random.default_rng(0)
    noise = chance.normal(size=100)
    judged = _judged((0.5 + 0.1 * (noise - noise.mean()) + 0.001).tolist(), [0.5] * 100)
    assert "not better beyond chance" in refusal([judged], GATE)


def test_queries_that_were_never_asked_may_not_lose() -> None:
    judged = _judged([0.9] * 60 + [0.4] * 40, [0.5] * 100)
    assert refusal([judged], GATE) == ("set, never asked before queries: ndcg@10 falls from 0.5000 to 0.4000")


def test_recall_may_not_fall_in_any_set() -> None:
    good = _judged([0.6] * 100, [0.5] * 100)
    worse = _judged([0.6] * 100, [0.5] * 100, recall=0.9)
    assert "recall@100 falls from 1.0000 to 0.9000" in refusal([good, worse], GATE)


def test_few_queries_judge_nothing() -> None:
    assert "only 100 later queries" in refusal(
        [_judged([1.0] * 100, [0.0] * 100)], TowerGate(least_queries=200)
    )


def test_a_query_without_a_measure_is_left_out() -> None:
    judged = _judged([np.nan] + [0.6] * 99, [0.5] * 100)
    assert judged.gains[ALL]["reranked ndcg@10"].old == 0.5
    assert round(judged.gains[ALL]["reranked ndcg@10"].new, 6) == 0.6
