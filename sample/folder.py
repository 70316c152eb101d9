"""Write the sample catalogue and its judged queries to a folder."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from sample.judging import judged_queries
from sample.languages import judging as language_judging
from sample.languages import product as language_product
from sample.languages.reading import LANGUAGES
from sample.product import catalog

SEED = 7
ENGLISH = "en"


class Judged(Protocol):
    """A query with the grades of its products, in any language."""

    @property
    def query_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def grades(self) -> tuple[tuple[str, int], ...]: ...


def products(seed: int = SEED) -> Iterator[dict[str, Any]]:
    """The catalogue's rows, with Product's field names."""
    yield from (made.row for made in catalog(seed))


def write_sample(folder: Path, seed: int = SEED, language: str = ENGLISH) -> None:
    """Write products.jsonl, and queries and judgments for train and dev.

    Languages other than English have those for dev only. The same seed gives the same bytes. Raises
    ValueError for a language that the shop does not speak.
    """
    if language not in (ENGLISH, *LANGUAGES):
        raise ValueError(f"language is {language!r}; use one of {', '.join((ENGLISH, *LANGUAGES))}")
    folder.mkdir(parents=True, exist_ok=True)
    if language != ENGLISH:
        _write_products(folder, (one.row for one in language_product.catalog(language, seed)))
        _write_judged(folder, "dev", language_judging.judged_queries(language, seed))
        return
    made = catalog(seed)
    _write_products(folder, (one.row for one in made))
    for part, judged in zip(("train", "dev"), judged_queries(made, seed), strict=True):
        _write_judged(folder, part, judged)


def _write_products(folder: Path, rows: Iterable[dict[str, Any]]) -> None:
    # not compressed: zlib's output differs between its versions
    _write(folder / "products.jsonl", (json.dumps(row, ensure_ascii=False) for row in rows))


def _write_judged(folder: Path, part: str, judged: Sequence[Judged]) -> None:
    _write(folder / f"queries_{part}.tsv", _queries(judged))
    _write(folder / f"judgments_{part}.tsv", _judgments(judged))


def _queries(judged: Sequence[Judged]) -> Iterator[str]:
    yield "query_id\tquery"
    yield from (f"{one.query_id}\t{one.text}" for one in judged)


def _judgments(judged: Sequence[Judged]) -> Iterator[str]:
    yield "query_id\tproduct_id\tgrade"
    yield from (
        f"{one.query_id}\t{product_id}\t{grade}" for one in judged for product_id, grade in one.grades
    )


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
