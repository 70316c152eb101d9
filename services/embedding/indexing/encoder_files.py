"""What a snapshot keeps of its encoder beside the products: the words that it knows, and vectors of
the names of categories, by which queries find one by its meaning.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.embedding.indexing.ports import ProductEncoder
from shared.errors import Unavailable
from shared.snapshot import encoder_words
from shared.snapshot.category_vectors import NO_CATEGORIES, CategoryVectors
from shared.snapshot.columns import SEPARATOR, Columns
from shared.text.cleaning import clean

_MOST = 2_000  # the most frequent ones


def write(encoder: ProductEncoder, made: Path, old: Path | None) -> None:
    """Write the files into the folder of a snapshot.

    Those of an `old` snapshot of the same encoder are used again.
    """
    words = encoder_words.read(old) if old else ()
    encoder_words.write(made, words or encoder.known_words())
    known = CategoryVectors.read(old) if old else NO_CATEGORIES
    _category_vectors(encoder, made, known).write(made)


def _category_vectors(encoder: ProductEncoder, made: Path, old: CategoryVectors) -> CategoryVectors:
    """Those of a snapshot. Without an encoder, new categories wait for the next run."""
    known = dict(zip(old.names, old.vectors, strict=True))
    names = _names(made)
    if new := [name for name in names if name not in known]:
        try:
            known |= dict(zip(new, encoder.encode_products(new)[0], strict=True))
        except Unavailable:
            names = [name for name in names if name in known]
    if not names:
        return NO_CATEGORIES
    return CategoryVectors(tuple(names), np.stack([known[name] for name in names]))


def _names(made: Path) -> list[str]:
    """The last parts of the most frequent categories, the same each time."""
    columns = Columns.open(made / "columns")
    entries = columns.text("categories")
    if entries is None:
        return []
    codes, counts = np.unique(entries.values, return_counts=True)
    frequent = codes[np.argsort(-counts, kind="stable")[:_MOST]]
    names = (clean(columns.values[code].rpartition(SEPARATOR)[2]) for code in frequent.tolist())
    return list(filter(None, dict.fromkeys(" ".join(name.split()) for name in names)))
