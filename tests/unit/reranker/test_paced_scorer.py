import numpy as np
import pytest

from services.reranker.cost_estimate import CostEstimate
from services.reranker.deadline import Deadline
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.scorer import TimedScorer
from services.reranker.states import Rows

QUERY = EncodedQuery("kettle", *(np.ones((1, 2), dtype=np.float32),) * 2, np.ones(1, dtype=np.float32))
ROWS = np.arange(100, 110)
BEST_FIRST = np.arange(10)[::-1]


class RowScorer:
    """Scores a row by its number, and takes `seconds_each` of the fake clock."""

    engine = "fake"

    def __init__(self, seconds_each: float = 0.0) -> None:
        self.now = 0.0
        self.batches = list[list[int]]()
        self._seconds_each = seconds_each

    def clock(self) -> float:
        return self.now

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        self.now += self._seconds_each * len(rows)
        self.batches.append(rows.tolist())
        return rows.astype(np.float32)


def _paced(
    scorer: RowScorer,
    limit: int = 100,
    ms_each: float = 1.0,
    batch: int = 4,
) -> TimedScorer:
    return TimedScorer(scorer, batch, limit, CostEstimate(ms_each), scorer.clock)


def test_without_a_limit_of_time_all_are_scored_the_best_first() -> None:
    scorer = RowScorer()
    partial = _paced(scorer).score(QUERY, ROWS, BEST_FIRST, Deadline.after(0, scorer.clock))
    assert scorer.batches == [[109, 108, 107, 106, 105, 104, 103, 102, 101, 100]]
    assert partial.scores.tolist() == ROWS.tolist()
    assert (partial.scored_count, partial.wanted_count) == (10, 10)


@pytest.mark.parametrize(("limit_ms", "first"), [(50, 10), (49, 4)])
def test_five_times_the_expected_time_is_enough_not_to_look_at_the_clock(limit_ms: float, first: int) -> None:
    scorer = RowScorer(seconds_each=0.001)
    partial = _paced(scorer).score(QUERY, ROWS, BEST_FIRST, Deadline.after(limit_ms, scorer.clock))
    assert len(scorer.batches[0]) == first
    assert partial.scored_count == 10


def test_no_more_than_the_limit_are_scored() -> None:
    scorer = RowScorer()
    partial = _paced(scorer, limit=3).score(QUERY, ROWS, BEST_FIRST, Deadline.after(0, scorer.clock))
    assert np.flatnonzero(~np.isnan(partial.scores)).tolist() == [7, 8, 9]
    assert (partial.scored_count, partial.wanted_count) == (3, 3)


def test_what_does_not_fit_before_the_deadline_is_left_out_not_late() -> None:
    scorer = RowScorer(seconds_each=0.001)
    partial = _paced(scorer).score(QUERY, ROWS, BEST_FIRST, Deadline.after(6.5, scorer.clock))
    assert partial.scored_count == 6
    assert np.flatnonzero(np.isnan(partial.scores)).tolist() == [0, 1, 2, 3]
    assert scorer.now * 1000 <= 6.5


def test_a_scorer_slower_than_believed_is_found_out_after_one_batch() -> None:
    scorer = RowScorer(seconds_each=0.010)
    partial = _paced(scorer, ms_each=2.0).score(QUERY, ROWS, BEST_FIRST, Deadline.after(65, scorer.clock))
    assert partial.scored_count == 6  # four at the estimated 2 ms, then two at the measured 10 ms


def test_one_slow_moment_does_not_stop_scoring_for_ever() -> None:
    scorer = RowScorer()
    paced = _paced(scorer, ms_each=1_000.0)
    counts = [
        paced.score(QUERY, ROWS, BEST_FIRST, Deadline.after(20, scorer.clock)).scored_count for _ in range(60)
    ]
    assert counts[0] == 0
    assert counts[-1] == 10


def test_the_pace_follows_the_newest_measurements() -> None:
    cost = CostEstimate(5.0)
    cost.observe(10, 100)
    assert cost.expected_ms() == 10  # the first measurement replaces the estimate
    for _ in range(30):
        cost.observe(10, 20)
    assert 2 <= cost.expected_ms() < 2.1
    cost.observe(0, 50)
    assert cost.expected_ms() < 2.1
