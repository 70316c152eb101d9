"""What a snapshot keeps of its encoder: the words that it knows, and vectors of categories."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shared.catalog.product import Product
from shared.errors import Unavailable
from shared.snapshot import encoder_words
from shared.snapshot.category_vectors import CategoryVectors
from shared.snapshot.generation import snapshots_of
from tests.unit.embedding.indexing.letter_encoder import (
    LetterEncoder,
    changed,
    generation_of,
    letter_indexer,
    letters_of,
    tail_of,
    titled,
)


def current(data: Path) -> Path:
    return snapshots_of(data) / generation_of(data).version


def test_a_snapshot_has_the_words_of_its_encoder(tmp_path: Path) -> None:
    def words() -> frozenset[str]:
        return encoder_words.read(current(tmp_path))

    knowing, silent = LetterEncoder(), LetterEncoder()
    knowing.words = ["kettle", "teapot"]
    letter_indexer(tmp_path, knowing).run(titled("red kettle"))
    assert words() == {"kettle", "teapot"}
    letter_indexer(tmp_path, silent).run(titled("blue teapot"))
    assert words() == {"kettle", "teapot"}
    letter_indexer(tmp_path, silent, sha256="1").run(titled("green cup"))
    assert words() == frozenset()


def test_a_snapshot_has_vectors_of_its_categories(tmp_path: Path) -> None:
    def categories() -> CategoryVectors:
        return CategoryVectors.read(current(tmp_path))

    first, second = LetterEncoder(), LetterEncoder()
    kettle = Product("p1", "red kettle", categories=("Kitchen > Kettles &amp; Pots",))
    letter_indexer(tmp_path, first).run([kettle])
    assert categories().names == ("Kitchen", "Kettles & Pots")
    assert np.allclose(categories().vectors[0], letters_of("Kitchen").vector)
    letter_indexer(tmp_path, second).run([Product("p3", "blue cup", categories=("Cups",))])
    assert categories().names == ("Cups", "Kitchen", "Kettles & Pots")
    assert second.texts == ["blue cup", "Cups"]


def test_without_an_encoder_new_categories_wait(tmp_path: Path) -> None:
    class Gone(LetterEncoder):
        def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
            raise Unavailable("no encoder")

    kettle = Product("p1", "red kettle", categories=("Kettles",))
    letter_indexer(tmp_path).run([kettle])
    tail = tail_of(tmp_path, changed(Product("p2", "blue cup", categories=("Cups",))))
    letter_indexer(tmp_path, Gone()).run(tail=tail)
    assert CategoryVectors.read(current(tmp_path)).names == ("Kettles",)
