"""Judged queries of one catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.training.evaluation.judgments import JudgedQuery, read_judged_queries
from shared.errors import InvalidRequest


@dataclass(frozen=True)
class JudgedSet:
    """`catalog` None: the queries are judged on the data folder's own products."""

    name: str
    catalog: Path | None
    queries: Sequence[JudgedQuery]


def judged_sets(
    catalogs: Sequence[Path], queries: Sequence[Path], judgments: Sequence[Path]
) -> list[JudgedSet]:
    """Pairs the n-th queries and judgments, and the n-th catalogue if catalogues are given.

    Raises InvalidRequest if their numbers differ.
    """
    if len(queries) != len(judgments):
        raise InvalidRequest(
            "judgments", f"{len(queries)} --queries but {len(judgments)} --judgments; give both"
        )
    if catalogs and len(catalogs) != len(queries):
        raise InvalidRequest("catalog", f"{len(catalogs)} --catalog but {len(queries)} --queries; give both")
    files: Sequence[Path | None] = catalogs or [None] * len(queries)
    return [
        JudgedSet(_name(queries_file, catalog), catalog, read_judged_queries(queries_file, judgments_file))
        for catalog, queries_file, judgments_file in zip(files, queries, judgments, strict=True)
    ]


def _name(queries: Path, catalog: Path | None) -> str:
    return f"{(catalog or queries).resolve().parent.name}/{queries.name}"
