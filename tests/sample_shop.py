"""Queries and products of the sample shop's shoppers."""

import json
from pathlib import Path

from cli.files.indexed import index_file
from sample import write_sample


def queries_of(sample: Path) -> list[str]:
    """All of them, as typed."""
    return [
        line.split("\t")[1]
        for part in ("dev", "train")
        for line in _lines(sample / f"queries_{part}.tsv")[1:]
    ]


def product_ids_of(sample: Path) -> list[str]:
    return [json.loads(line)["product_id"] for line in _lines(sample / "products.jsonl")]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def indexed_sample(folder: Path, indexed: Path | None) -> tuple[Path, Path]:
    """The sample shop's files, written to `folder`, and a data folder.

    This is `indexed`, or a new one.
    """
    write_sample(folder / "sample")
    if indexed is None:
        indexed = folder / "indexed"
        index_file(folder / "sample" / "products.jsonl", indexed)
    return folder / "sample", indexed
