from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from shared import artifacts
from shared.catalog.product import Product
from shared.errors import Corrupt, Overloaded
from shared.snapshot.columns import Columns
from shared.snapshot.generation import Positions, encoder_version, snapshots_of
from shared.snapshot.lexical import LexicalIndex
from tests.unit.embedding.indexing.letter_encoder import (
    IDENTITY,
    LetterEncoder,
    changed,
    generation_of,
    letter_indexer,
    letters_of,
    products_of,
    tail_of,
    titled,
    titles_of,
)


def test_products_become_a_snapshot_whose_parts_agree(tmp_path: Path) -> None:
    report = letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    generation = generation_of(tmp_path)
    folder = snapshots_of(tmp_path) / report.version
    assert (report.product_count, report.reused_count, generation.positions) == (2, 0, Positions())
    assert generation.products.row("blu") == 1
    assert generation.states.of(1).shape == (2, 4)
    np.testing.assert_allclose(np.linalg.norm(generation.vectors, axis=1), 1, atol=1e-3)
    assert (
        LexicalIndex.open(folder / "lexical").searcher.num_docs
        == Columns.open(folder / "columns").row_count
        == 2
    )


def test_an_id_that_comes_again_replaces_what_was_there_and_keeps_its_row(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    report = letter_indexer(tmp_path).run(titled("green cup", "red kettle, large", "red kettle, small"))
    assert titles_of(tmp_path) == ["red kettle, small", "blue teapot", "green cup"]
    assert (report.incoming_count, report.replaced_count) == (3, 1)


def test_only_what_the_encoder_has_not_seen_is_encoded(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    before = np.array(generation_of(tmp_path).vectors)
    encoder = LetterEncoder()
    cheaper = Product("red", "red kettle", price=1.0)
    report = letter_indexer(tmp_path, encoder, bundle_version="b2").run([cheaper, *titled("green cup")])
    after = generation_of(tmp_path)
    assert encoder.texts == ["green cup"]
    assert report.reused_count == 2
    assert after.products.product(0).price == 1.0
    np.testing.assert_array_equal(after.vectors[:2], before)


@pytest.mark.parametrize("changed", [{"sha256": "1"}, {"heads_sha256": "1"}, {"text_version": 2}])
def test_another_encoder_or_text_encodes_everything_again(tmp_path: Path, changed: dict[str, object]) -> None:
    letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    encoder = LetterEncoder()
    letter_indexer(tmp_path, encoder, **changed).run([])
    assert sorted(encoder.texts) == ["blue teapot", "red kettle"]


def test_what_was_written_since_is_folded_in_without_being_encoded(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    encoder = LetterEncoder()
    cheaper = Product("blu", "blue teapot", price=1.0)
    tail = tail_of(
        tmp_path,
        *map(changed, (*titled("green cup"), cheaper)),
        changed("red", 9),
        changed("never there"),
    )
    report = letter_indexer(tmp_path, encoder).run(tail=tail)
    generation = generation_of(tmp_path)
    assert titles_of(tmp_path) == ["blue teapot", "green cup"]
    assert generation.products.product(0).price == 1.0
    assert encoder.texts == [] and (report.reused_count, report.incoming_count) == (2, 0)
    assert generation.positions == Positions(catalog=9, vectors=4)
    np.testing.assert_array_equal(generation.vectors[1], letters_of("green cup").vector)
    np.testing.assert_array_equal(generation.states.of(1), letters_of("green cup").states)


def test_a_file_comes_after_what_was_written_before(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle", "blue teapot"))
    tail = tail_of(tmp_path, changed(Product("red", "red kettle", price=1.0)), changed("blu"))
    report = letter_indexer(tmp_path).run(
        [Product("red", "red kettle", price=2.0), *titled("blue mug")], tail
    )
    prices = {product.title: product.price for product in products_of(tmp_path)}
    assert prices == {"red kettle": 2.0, "blue mug": 8.0}
    assert (report.incoming_count, report.replaced_count) == (2, 0)


def test_another_encoder_encodes_what_was_written_since_too(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    tail = tail_of(tmp_path, *map(changed, titled("green cup")))
    encoder = LetterEncoder()
    letter_indexer(tmp_path, encoder, heads_sha256="1").run(tail=tail)
    assert sorted(encoder.texts) == ["green cup", "red kettle"]


def test_what_is_encoded_for_both_encoders_is_not_encoded_again(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    other = encoder_version({**IDENTITY, "heads_sha256": "1"})
    tail = tail_of(tmp_path, *(changed(each, version=other) for each in titled("green cup")))
    encoder = LetterEncoder()
    letter_indexer(tmp_path, encoder, heads_sha256="1").run(tail=tail)
    assert encoder.texts == ["red kettle"]


def test_another_composition_of_texts_trusts_no_encoding_from_before(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    tail = tail_of(tmp_path, *map(changed, titled("green cup")))
    encoder = LetterEncoder()
    letter_indexer(tmp_path, encoder, text_version=2).run(tail=tail)
    assert sorted(encoder.texts) == ["green cup", "red kettle"]


def test_a_snapshot_that_was_made_meanwhile_is_noticed(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    late, quick = (tail_of(tmp_path, *map(changed, titled(title))) for title in ("blue teapot", "green cup"))
    letter_indexer(tmp_path).run(tail=quick)
    with pytest.raises(Overloaded, match="another snapshot was made meanwhile"):
        letter_indexer(tmp_path).run(tail=late)
    assert titles_of(tmp_path) == ["red kettle", "green cup"]


def test_a_catalogue_may_become_empty(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    assert letter_indexer(tmp_path).run(tail=tail_of(tmp_path, changed("red"))).product_count == 0
    assert len(generation_of(tmp_path).products) == 0


def test_two_snapshots_are_kept(tmp_path: Path) -> None:
    made = [letter_indexer(tmp_path).run(titled(title)).version for title in ("red", "blue", "green")]
    assert artifacts.versions(snapshots_of(tmp_path)) == made[1:]


def test_the_snapshot_before_is_kept_after_a_roll_back_too(tmp_path: Path) -> None:
    made = [letter_indexer(tmp_path).run(titled(title)).version for title in ("red", "blue")]
    artifacts.set_current(snapshots_of(tmp_path), made[0])
    made.append(letter_indexer(tmp_path).run(titled("green")).version)
    assert artifacts.versions(snapshots_of(tmp_path)) == [made[0], made[2]]
    assert titles_of(tmp_path) == ["red", "green"]


def test_progress_counts_every_product_once(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))
    told: list[tuple[int, int]] = []
    many = [Product(f"p{n}", f"product {n}") for n in range(5_000)]
    report = letter_indexer(tmp_path).run(many, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 5_000 / 512
    assert told[-1] == (report.product_count, report.product_count) == (5_001, 5_001)
    generation = generation_of(tmp_path)
    states = [generation.states.of(row) for row in (1, 2_000, 5_000)]
    assert [len(each) for each in states] == [2, 2, 2]
    assert [int(each[0, 0]) for each in states] == [
        len(generation.products.product(r).title) for r in (1, 2_000, 5_000)
    ]


def test_a_failing_encoder_leaves_the_old_snapshot(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))

    class Failing(LetterEncoder):
        def known_words(self) -> list[str]:
            return []

        def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
            raise RuntimeError("the engine died")

    with pytest.raises(RuntimeError, match="the engine died"):
        letter_indexer(tmp_path, Failing()).run(titled("blue teapot"))
    assert titles_of(tmp_path) == ["red kettle"]


def test_what_a_killed_indexer_left_is_removed(tmp_path: Path) -> None:
    remains = snapshots_of(tmp_path) / ".tmp-20200101T000000.000000Z"
    remains.mkdir(parents=True)
    letter_indexer(tmp_path).run(titled("red kettle"))
    assert not remains.exists()


@pytest.mark.parametrize("file", ["products/payloads.bin", "dense/vectors.npy", "states/tokens.npy"])
def test_a_flipped_byte_is_not_carried_into_the_next_snapshot(tmp_path: Path, file: str) -> None:
    version = letter_indexer(tmp_path).run(titled("red kettle", "blue teapot")).version
    path = snapshots_of(tmp_path) / version / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt, match=path.name):
        letter_indexer(tmp_path).run(titled("green cup"))


def test_a_second_indexer_is_told_to_wait(tmp_path: Path) -> None:
    def meanwhile() -> Iterator[Product]:
        with pytest.raises(Overloaded, match="wait until it has finished"):
            letter_indexer(tmp_path).run([])
        yield Product("red", "red kettle")

    assert letter_indexer(tmp_path).run(meanwhile()).product_count == 1


def test_a_failure_in_the_middle_leaves_the_old_snapshot_and_no_rubbish(tmp_path: Path) -> None:
    letter_indexer(tmp_path).run(titled("red kettle"))

    def failing() -> Iterator[Product]:
        yield Product("blu", "blue teapot")
        raise RuntimeError("the file broke off")

    with pytest.raises(RuntimeError):
        letter_indexer(tmp_path).run(failing())
    assert titles_of(tmp_path) == ["red kettle"]
    assert {path.name for path in snapshots_of(tmp_path).iterdir()} == {
        ".lock",
        "current",
        generation_of(tmp_path).version,
    }
