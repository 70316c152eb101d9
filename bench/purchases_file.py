"""Reads a file of purchases, and vectors of the products' titles."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import IO

import numpy as np

from services.embedding.hash_encoder import HashEncoder
from services.training.recommending.interactions import PURCHASE, Interactions, NamedInteractions
from services.training.recommending.product_vectors import ProductVectors

_COLUMNS = ("user", "basket", "time", "product_id", "price")


def read_purchases(path: Path) -> Interactions:
    """The lines of a file with _COLUMNS. Raises SystemExit naming a column that it lacks."""
    with _opened(path) as file:
        rows = csv.DictReader(file, delimiter="\t")
        if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
            raise SystemExit(
                f"{path} has no column {', '.join(missing)}; its first line must name {_COLUMNS}"
            )
        lines = [row for row in rows if row["user"]]
    return NamedInteractions(
        [row["user"] for row in lines],
        [row["basket"] for row in lines],
        np.full(len(lines), PURCHASE, np.int8),
        [row["product_id"] for row in lines],
        np.array([row["time"].replace(" ", "T") for row in lines], "datetime64[s]").astype(np.float64),
        np.array([float(row["price"] or "nan") for row in lines], np.float32),
    ).coded()


def read_vectors(path: Path) -> ProductVectors:
    """Vectors of the titles of a catalogue of JSON lines, of the encoder without weights."""
    with _opened(path) as file:
        products = [json.loads(line) for line in file]
    vectors, _ = HashEncoder().encode_products([product["title"] for product in products])
    return ProductVectors([str(product["id"]) for product in products], vectors)


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
