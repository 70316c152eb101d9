"""Retrieval's candidates, and a visitor's recent products, as columns."""

from dataclasses import dataclass

from services.reranker.query import Matrix
from services.reranker.states import Rows


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns of equal length (n,), best fused score first."""

    rows: Rows  # in the snapshot
    lexical_scores: Matrix  # 0 if no word matches
    dense_scores: Matrix
    fused_scores: Matrix
    lexical_ranks: Matrix  # from 1; 0 if not in that list
    dense_ranks: Matrix

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class RecentProducts:
    """Products that the visitor acted on, (k,) each. k may be 0."""

    rows: Rows
    weights: Matrix  # at least 0
