from dataclasses import replace

import numpy as np
import pytest

from services.reranker.candidates import Candidates
from services.reranker.cost_estimate import CostEstimate
from services.reranker.cross_encoded import CrossEncodedTop
from services.reranker.deadline import Deadline
from services.reranker.explanation import CROSS_ENCODER, explain
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.reranker import Reranker, Reranking
from services.reranker.scorer import TimedScorer
from services.reranker.states import Rows
from tests.unit.reranker.test_reranker_core import CANDIDATES, QUERY, UNLIMITED

ONES = np.ones(40, np.float32)


class BackwardScorer:
    """Likes the last rows best, and takes a millisecond of its clock each."""

    engine = "backward"

    def __init__(self) -> None:
        self.seconds = 0.0

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        self.seconds += len(rows) / 1000
        return rows.astype(np.float32)


@pytest.fixture
def scorer() -> BackwardScorer:
    return BackwardScorer()


@pytest.fixture
def crossed(reranker: Reranker, scorer: BackwardScorer) -> Reranker:
    timed = TimedScorer(scorer, 4, 10, CostEstimate(1.0), lambda: scorer.seconds)
    return replace(reranker, cross_encoder=CrossEncodedTop(timed, weight=1_000.0))


def _ranked(reranker: Reranker, deadline: Deadline = UNLIMITED) -> tuple[Reranking, Reranking]:
    before = reranker.rerank(QUERY, CANDIDATES, None, UNLIMITED)
    return before, reranker.cross_encoded(QUERY, CANDIDATES, before, deadline)


def test_the_best_are_reordered_and_stay_the_best(crossed: Reranker) -> None:
    before, after = _ranked(crossed)
    best = after.order[:10]
    assert sorted(best) == sorted(before.order[:10])
    assert (np.diff(CANDIDATES.rows[best]) < 0).all()  # by so large a weight, the scorer alone decides
    assert after.order[10:].tolist() == before.order[10:].tolist()
    assert (np.diff(after.relevance_scores[after.order]) <= 0).all()
    assert after.cross_encoded is not None and after.cross_encoded.scored_count == 10
    assert after.degraded == () and "cross_encoder" in after.stage_ms


def test_it_scores_as_many_as_the_deadline_allows(crossed: Reranker, scorer: BackwardScorer) -> None:
    _, after = _ranked(crossed, Deadline(0.0065, lambda: scorer.seconds))
    assert after.cross_encoded is not None and after.cross_encoded.scored_count == 6
    before, after = _ranked(crossed, Deadline(0.0, lambda: scorer.seconds))
    assert after.order.tolist() == before.order.tolist()
    assert after.degraded == ("cross_encoder: deadline",)


def test_precedence_comes_before_what_it_says(crossed: Reranker) -> None:
    first = ONES.copy()
    first[7] = 0
    candidates = replace(CANDIDATES, precedence=first)
    before = crossed.rerank(QUERY, candidates, None, UNLIMITED)
    assert crossed.cross_encoded(QUERY, candidates, before, UNLIMITED).order[0] == 7


def test_one_candidate_is_nothing_to_reorder(crossed: Reranker) -> None:
    columns = (getattr(CANDIDATES, name)[:1] for name in Candidates.__slots__ if name != "precedence")
    one = Candidates(*columns)
    before = crossed.rerank(QUERY, one, None, UNLIMITED)
    after = crossed.cross_encoded(QUERY, one, before, UNLIMITED)
    assert (after.order.tolist(), after.degraded) == ([0], ())


def test_without_one_the_page_says_so(reranker: Reranker) -> None:
    before, after = _ranked(reranker)
    assert after.order.tolist() == before.order.tolist()
    assert after.degraded == ("cross_encoder: none is set (AISLE_RERANKER_CROSS_ENCODER)",)


def test_the_parts_still_add_up_to_the_score(crossed: Reranker) -> None:
    _, after = _ranked(crossed)
    for place, parts in zip(after.order, explain(crossed.ranker, after, after.order), strict=True):
        assert sum(part for _, _, part in parts) == pytest.approx(after.relevance_scores[place], abs=1e-5)
    names = {name for name, _, _ in next(iter(explain(crossed.ranker, after, after.order[:1])))}
    assert CROSS_ENCODER in names
