"""A sample shop in any language, searched by words alone, without a model."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sample.folder import write_sample
from services.embedding.indexing.indexer import Indexer
from services.retrieval.reading import read
from services.retrieval.reading_catalog import catalog_of
from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from services.training.evaluation.judgments import JudgedQuery, read_judged_queries
from shared import metrics
from shared.caller import PATIENT
from shared.catalog.rows import product_of
from shared.snapshot.generation import snapshots_of
from shared.text.dictionaries import NONE, PACKAGES, Dictionaries
from shared.text.query import normalise
from tests.unit.embedding.indexing.letter_encoder import IDENTITY, LetterEncoder

_DEPTH = 400


@dataclass(frozen=True)
class Quality:
    """Means over a shop's judged queries."""

    ndcg_at_10: float
    recall_at_100: float


def judged(folder: Path) -> list[JudgedQuery]:
    """The queries of a sample shop for development."""
    return read_judged_queries(folder / "queries_dev.tsv", folder / "judgments_dev.tsv")


def opened(folder: Path, *languages: str, dictionaries: Dictionaries = NONE) -> Snapshot:
    """One index of the sample shops of some languages, each written to a folder in `folder`."""
    rows = []
    for language in languages:
        write_sample(folder / language, language=language)
        with (folder / language / "products.jsonl").open(encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    data = folder / "data"
    encoder = LetterEncoder()
    indexer = Indexer(data, encoder, IDENTITY, lambda each: each.title, dictionaries=dictionaries)
    report = indexer.run(map(product_of, rows))
    return Snapshot.open(snapshots_of(folder / "data") / report.version)


def ranking(snapshot: Snapshot, query: str) -> list[str]:
    """The product ids of a search by words, best first."""
    catalog = catalog_of(snapshot)
    understood = read(normalise(query), (), catalog, PATIENT)
    request = Request(understood.query, tier=LEXICAL, limit=_DEPTH, limits=understood.limits)
    found = Retriever().retrieve(snapshot, request)
    return [str(each) for each in snapshot.products.product_ids(found.rows)]


def quality(snapshot: Snapshot, queries: Iterable[JudgedQuery]) -> Quality:
    """How well words alone answer the queries."""
    ranked = [(ranking(snapshot, query.text), query.grades) for query in queries]
    ndcg = metrics.mean([metrics.ndcg(*each) for each in ranked])
    recall = metrics.mean([metrics.recall(*each) for each in ranked])
    assert ndcg is not None and recall is not None
    return Quality(ndcg, recall)


def matching(snapshot: Snapshot, queries: Iterable[JudgedQuery]) -> tuple[float, float]:
    """The share of the products found, at most 400 a query, that are judged relevant, and how many
    are found: means over the queries that find some.
    """
    found = [(ranking(snapshot, query.text), query.grades) for query in queries]
    shares = [sum(grades.get(each, 0) > 0 for each in ids) / len(ids) for ids, grades in found if ids]
    share = metrics.mean(shares)
    count = metrics.mean([float(len(ids)) for ids, _ in found if ids])
    assert share is not None and count is not None
    return share, count


def main() -> None:
    """Print the figures of the languages that the command line names, in one index: nDCG@10,
    recall@100, and how many of the products found are relevant.

    With --dictionaries, those that have a dictionary are cut by it.
    """
    languages = [each for each in sys.argv[1:] if each != "--dictionaries"]
    cut_by = [each for each in languages if each in PACKAGES and "--dictionaries" in sys.argv]
    with tempfile.TemporaryDirectory() as folder:
        snapshot = opened(Path(folder), *languages, dictionaries=Dictionaries.named(cut_by))
        for language in languages:
            found = quality(snapshot, judged(Path(folder) / language))
            share, count = matching(snapshot, judged(Path(folder) / language))
            line = f"{language}: {found.ndcg_at_10:.4f} {found.recall_at_100:.4f}"
            sys.stdout.write(f"{line}, {share:.3f} of {count:.1f}\n")


if __name__ == "__main__":
    main()
