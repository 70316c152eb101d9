import numpy as np

from services.reranker.batched_scorer import BatchedScorer
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.side_by_side import ALONE
from services.reranker.states import Rows

QUERY = EncodedQuery("kettle", *(np.ones((1, 2), dtype=np.float32),) * 2, np.ones(1, dtype=np.float32))


class Noting:
    """Scores a row by its number, and records the rows of each call."""

    engine = "fake"

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        self.asked.append(rows.tolist())
        return rows.astype(np.float32)


def test_the_scorer_behind_it_gets_a_batch_at_a_time_and_its_order_is_kept() -> None:
    scorer = Noting()
    rows = np.array([9, 8, 7, 3, 5])
    assert BatchedScorer(scorer, ALONE, batch=2).score(QUERY, rows).tolist() == rows.tolist()
    assert scorer.asked == [[9, 8], [7, 3], [5]]
