"""The whole evaluation: each tier on all judged queries, then the latency of a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.training.evaluation.asking import Asker, Notes, Search, timed_pages
from services.training.evaluation.comparison import Comparison, by_grade, compared
from services.training.evaluation.judgments import JudgedQuery
from shared import metrics
from shared.errors import Unavailable
from shared.metrics import Grades

_TIMED_PAGES = 200  # at least, so that p99 is not simply the slowest page
Step = Callable[[], None]  # called after each piece of work
Measure = Callable[[list[str], Grades], float | None]

MEASURES: dict[str, Measure] = {
    "ndcg@10": metrics.ndcg,
    "condensed_ndcg@10": lambda ranking, grades: metrics.ndcg(metrics.condensed(ranking, grades), grades),
    "recall@100": metrics.recall,
    "mrr": metrics.reciprocal_rank,
    "judged@10": metrics.judged_share,
}
JUDGED_ONLY_MEASURES: dict[str, Measure] = {
    "ndcg@10": lambda ranking, grades: metrics.ndcg(metrics.completed(ranking, grades), grades)
}


def steps(queries: Sequence[JudgedQuery], asker: Asker) -> int:
    """How often `evaluate` calls `step`."""
    return len(queries) * (len(asker.tiers) + 1)


def comparable(queries: Sequence[JudgedQuery], judged_only: bool) -> list[JudgedQuery]:
    """The queries to search. With `judged_only`, those with a single judged product are skipped.

    A single product has only one order, so it does not measure ordering.
    """
    return [query for query in queries if not judged_only or len(query.grades) > 1]


@dataclass(frozen=True)
class Evaluation:
    """The report, as `aisle evaluate --json` prints it, and what it was made of."""

    report: dict[str, Any]
    queries: Sequence[JudgedQuery]
    rankings: Mapping[str, Sequence[Sequence[str]]]  # by tier: product ids for each query
    titles: Mapping[str, str]  # by product id

    @property
    def best(self) -> str:
        """The last tier, which pages have."""
        return list(self.rankings)[-1]

    def against(self, name: str, run: Mapping[str, Sequence[str]] | None = None) -> Comparison:
        """The best tier against a run by query_id; without one, against the tier of that name."""
        ids = [query.query_id for query in self.queries]
        theirs = dict(zip(ids, self.rankings[name], strict=True)) if run is None else run
        return compared(name, self.queries, self.rankings[self.best], theirs)


def evaluate(
    search: Search,
    queries: Sequence[JudgedQuery],
    asker: Asker,
    product_count: int,
    step: Step = lambda: None,
) -> Evaluation:
    """Measure the judged queries; the catalogue has `product_count` products."""
    measures = JUDGED_ONLY_MEASURES if asker.judged_only else MEASURES
    rankings, notes = _rankings(queries, asker, step)
    report: dict[str, Any] = {
        "queries": len(queries),
        "tiers": {tier: measured(measures, ranked, queries) for tier, ranked in rankings.items()},
        "with_results": _rounded(metrics.mean([float(bool(ranking)) for ranking in rankings["reranked"]])),
        "pages": notes.pages,
        "degraded_pages": notes.degraded_pages,
        "degraded": dict(notes.reasons),
        "deadline_ms": asker.deadline_ms,
        "bundle_version": notes.bundle_version,
        "snapshot_version": notes.snapshot_version,
    }
    if not asker.judged_only:
        report["coverage"] = _rounded(metrics.coverage(rankings["reranked"], product_count))
        report["grades"] = by_grade(queries, list(rankings.values())[-1])
        report.update(_timed(search, queries, step))
    return Evaluation(report, queries, rankings, notes.titles)


def _rankings(
    queries: Sequence[JudgedQuery], asker: Asker, step: Step
) -> tuple[dict[str, list[list[str]]], Notes]:
    notes = Notes()
    rankings: dict[str, list[list[str]]] = {tier: [] for tier in asker.tiers}
    for query in queries:
        for name, tier in asker.tiers.items():
            rankings[name].append(asker.ranking(query, tier, notes))
            step()
    return rankings, notes


def measured(
    measures: dict[str, Measure], rankings: list[list[str]], queries: Sequence[JudgedQuery]
) -> dict[str, float | None]:
    grades = [query.grades for query in queries]
    return {
        name: _rounded(metrics.mean([measure(*pair) for pair in zip(rankings, grades, strict=True)]))
        for name, measure in measures.items()
    }


def _timed(search: Search, queries: Sequence[JudgedQuery], step: Step) -> dict[str, Any]:
    notes = Notes()
    durations_ms: list[float] = []
    rounds = -(-_TIMED_PAGES // len(queries))
    for query in queries:
        durations_ms += timed_pages(search, [query.text], notes)
        step()
    for _ in range(rounds - 1):
        durations_ms += timed_pages(search, [query.text for query in queries], notes)
    if 2 * notes.missed_pages > notes.pages:
        raise Unavailable(
            f"most pages did not come in time: {dict(notes.reasons)}; is Aisle down or overloaded?"
        )
    return {
        "latency_ms": metrics.quantiles_ms(durations_ms),
        "timed_pages": notes.pages,
        "timed_degraded_pages": notes.degraded_pages,
        "timed_missed_pages": notes.missed_pages,
        "timed_degraded": dict(notes.reasons),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
