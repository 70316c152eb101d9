"""What a snapshot's manifest says of its catalogue and encoder together, measured at indexing."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.embedding.indexing.known_languages import unknown_languages
from services.embedding.indexing.nonsense import dense_floors
from services.embedding.indexing.ports import ProductEncoder, Vectors
from shared.snapshot.generation import Generation
from shared.snapshot.lexical import analysis_of
from shared.snapshot.products import ProductStore

_SAMPLE = 4_000  # products, among which languages are looked for
_MOST = 0.5  # share of reused vectors above which the languages are reused too


def measures(
    encoder: ProductEncoder, made: Path, vectors: Vectors, old: Generation | None, reused: int
) -> dict[str, Any]:
    """Fields of the manifest of the snapshot in a folder.

    `vectors` (n, dim) have unit norm, and `reused` of them are those of the old snapshot.
    """
    if not len(vectors):
        return {}
    share = reused / len(vectors) if old is not None else 0.0
    if share == 1:
        found = _kept("dense_floor", old) | _kept("known_words_floor", old)
    else:
        names = ("known_words_floor", "dense_floor")
        found = dict(zip(names, map(_rounded, dense_floors(encoder, vectors)), strict=True))
    if share >= _MOST:  # languages change less than what is near
        return found | _kept("unknown_languages", old)
    return found | {"unknown_languages": _unknown(encoder, made)}


def _kept(name: str, old: Generation | None) -> dict[str, Any]:
    return {name: old.manifest[name]} if old is not None and name in old.manifest else {}


def _rounded(value: float) -> float:
    return round(value, 4)


def _unknown(encoder: ProductEncoder, made: Path) -> dict[str, dict[str, float]]:
    products = ProductStore.open(made / "products")
    rows = random.Random(0).sample(range(len(products)), min(_SAMPLE, len(products)))
    found = unknown_languages(encoder, map(products.product, sorted(rows)), analysis_of(made / "lexical"))
    return {
        language: {name: _rounded(value) for name, value in asdict(each).items()}
        for language, each in found.items()
    }
