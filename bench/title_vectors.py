"""Vectors of the products' titles, for similarity offline."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import IO

from services.embedding.hash_encoder import HashEncoder
from services.training.recommending.product_vectors import ProductVectors


def read_vectors(path: Path) -> ProductVectors:
    """Vectors of the titles of a catalogue of JSON lines, of the encoder without weights."""
    with _opened(path) as file:
        products = [json.loads(line) for line in file]
    vectors, _ = HashEncoder().encode_products([product["title"] for product in products])
    return ProductVectors([str(product["id"]) for product in products], vectors)


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
