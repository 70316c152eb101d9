"""Which queries one ranking answers better than another, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.training.evaluation.judgments import JudgedQuery
from shared.bootstrap import interval
from shared.metrics import ndcg

_DRAWS = 1_000
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class ComparedQuery:
    """A query with both rankings, and the nDCG@10 of each."""

    query: JudgedQuery
    ours: Sequence[str]
    theirs: Sequence[str]
    ours_ndcg: float
    theirs_ndcg: float

    @property
    def change(self) -> float:
        """Ours less theirs."""
        return self.ours_ndcg - self.theirs_ndcg


@dataclass(frozen=True)
class Comparison:
    """All queries for which nDCG is defined, the largest loss first."""

    baseline: str  # its name
    queries: Sequence[ComparedQuery]

    @property
    def wins(self) -> int:
        """Queries that ours answers better."""
        return sum(each.change > _EQUAL for each in self.queries)

    @property
    def losses(self) -> int:
        """Queries that theirs answers better."""
        return sum(each.change < -_EQUAL for each in self.queries)

    def report(self) -> dict[str, Any]:
        """For `aisle evaluate --json`; the 95 % interval is by the paired bootstrap over queries."""
        changes = np.array([each.change for each in self.queries])
        low, high = interval(changes, _DRAWS) if len(changes) else (0.0, 0.0)
        return {
            "name": self.baseline,
            "queries": len(self.queries),
            "ndcg@10": round(float(np.mean([each.theirs_ndcg for each in self.queries] or [0.0])), 4),
            "change": round(float(changes.mean()) if len(changes) else 0.0, 4),
            "interval": [round(low, 4), round(high, 4)],
            "wins": self.wins,
            "losses": self.losses,
            "ties": len(self.queries) - self.wins - self.losses,
        }


def compared(
    baseline: str,
    queries: Sequence[JudgedQuery],
    ours: Sequence[Sequence[str]],
    theirs: Mapping[str, Sequence[str]],
) -> Comparison:
    """Compare two rankings of each query. `theirs` is by query_id; a missing query found nothing."""
    found = []
    for query, ranking in zip(queries, ours, strict=True):
        other = theirs.get(query.query_id, ())
        ours_ndcg, theirs_ndcg = ndcg(ranking, query.grades), ndcg(other, query.grades)
        if ours_ndcg is not None and theirs_ndcg is not None:
            found.append(ComparedQuery(query, ranking, other, ours_ndcg, theirs_ndcg))
    return Comparison(baseline, sorted(found, key=lambda each: (each.change, each.ours_ndcg)))


def by_grade(queries: Sequence[JudgedQuery], rankings: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Of the judged products of each grade, rounded: how many, and the share in the first 10 and 100."""
    rows = []
    for grade in (3, 2, 1, 0):
        judged = [
            ([product_id for product_id, given in query.grades.items() if round(given) == grade], ranking)
            for query, ranking in zip(queries, rankings, strict=True)
        ]
        count = sum(len(product_ids) for product_ids, _ in judged)
        first = {
            cut: sum(len(set(ranking[:cut]).intersection(product_ids)) for product_ids, ranking in judged)
            for cut in (10, 100)
        }
        shares = {f"first_{cut}": round(found / count, 4) if count else None for cut, found in first.items()}
        rows.append({"grade": grade, "products": count, **shares})
    return rows
