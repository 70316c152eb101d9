"""Judgments and rankings as files of TREC, which trec_eval, ir-measures and other tools read.

qrels: "query_id 0 product_id grade". A run: "query_id Q0 product_id rank score tag".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.training.evaluation.judgments import JudgedQuery
from shared.errors import InvalidRequest

QRELS = "qrels.txt"


def write_files(
    folder: Path, queries: Sequence[JudgedQuery], rankings: Mapping[str, Sequence[Sequence[str]]]
) -> None:
    """Write the judgments, and a run for each tier: fused.run, reranked.run.

    `rankings` has a list of product ids for each query, by tier. Grades are rounded, as these files
    have whole ones. Raises InvalidRequest if an id has a space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / QRELS).write_text("".join(_qrels(queries)), "utf-8")
    for tier, ranked in rankings.items():
        (folder / f"{tier}.run").write_text("".join(_run(queries, ranked, f"aisle-{tier}")), "utf-8")


def read_run(path: Path) -> dict[str, list[str]]:
    """Product ids by query_id, in the order of their scores, highest first, as trec_eval has it.

    Raises InvalidRequest naming the line.
    """
    scored: dict[str, list[tuple[float, str]]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not (fields := line.split()):
            continue
        try:
            query_id, _, product_id, _, score, _ = fields
            scored.setdefault(query_id, []).append((float(score), product_id))
        except ValueError:
            expected = "query_id Q0 product_id rank score tag"
            raise InvalidRequest(f"{path} line {number}", f"is not a line of a run: {expected}") from None
    return {
        query_id: [product_id for _, product_id in sorted(found, key=lambda each: -each[0])]
        for query_id, found in scored.items()
    }


def _qrels(queries: Iterable[JudgedQuery]) -> Iterable[str]:
    for query in queries:
        for product_id, grade in query.grades.items():
            yield f"{_word(query.query_id)} 0 {_word(product_id)} {round(grade)}\n"


def _run(queries: Iterable[JudgedQuery], ranked: Iterable[Sequence[str]], tag: str) -> Iterable[str]:
    for query, ranking in zip(queries, ranked, strict=True):
        for place, product_id in enumerate(ranking, 1):
            # The score falls with the rank, since scores of two stages do not compare
            score = len(ranking) - place + 1
            yield f"{_word(query.query_id)} Q0 {_word(product_id)} {place} {score} {tag}\n"


def _word(text: str) -> str:
    if not text or len(text.split()) != 1:
        raise InvalidRequest("--trec", f"the id {text!r} has a space, which files of TREC cannot have")
    return text
