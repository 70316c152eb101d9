"""Cuts the calls of a scorer into batches, which threads may share."""

import numpy as np

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.scorer import Scorer
from services.reranker.side_by_side import SideBySide
from services.reranker.states import Rows


class BatchedScorer:
    """Passes at most `batch` rows at a time to the scorer behind it."""

    def __init__(self, scorer: Scorer, together: SideBySide, batch: int) -> None:
        self._scorer = scorer
        self._together = together
        self._batch = batch
        self.threads = together.threads
        self.engine = (
            scorer.engine if self.threads == 1 else (f"{scorer.engine}, up to {self.threads} threads")
        )

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        """Scores (n,) of the products in `rows`."""

        def part(places: slice) -> Matrix:
            return self._scorer.score(query, rows[places])

        return np.concatenate(self._together.scores(part, len(rows), self._batch))
