"""Write the sample catalogue and its judged queries to a folder."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sample.judging import Judged, judged_queries
from sample.product import catalog

SEED = 7


def products(seed: int = SEED) -> Iterator[dict[str, Any]]:
    """The catalogue's rows, with Product's field names."""
    yield from (made.row for made in catalog(seed))


def write_sample(folder: Path, seed: int = SEED) -> None:
    """Write products.jsonl, and queries and judgments for train and dev.

    The same seed gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = catalog(seed)
    # not compressed: zlib's output differs between its versions
    _write(folder / "products.jsonl", (json.dumps(one.row, ensure_ascii=False) for one in made))
    for part, judged in zip(("train", "dev"), judged_queries(made, seed), strict=True):
        _write(folder / f"queries_{part}.tsv", _queries(judged))
        _write(folder / f"judgments_{part}.tsv", _judgments(judged))


def _queries(judged: list[Judged]) -> Iterator[str]:
    yield "query_id\tquery"
    yield from (f"{one.query_id}\t{one.text}" for one in judged)


def _judgments(judged: list[Judged]) -> Iterator[str]:
    yield "query_id\tproduct_id\tgrade"
    yield from (
        f"{one.query_id}\t{product_id}\t{grade}" for one in judged for product_id, grade in one.grades
    )


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
