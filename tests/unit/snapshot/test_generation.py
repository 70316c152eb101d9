import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared import artifacts
from shared.catalog.product import Product
from shared.errors import Corrupt, NotFound
from shared.snapshot.generation import (
    FORMAT,
    Positions,
    current_generation,
    new_version_name,
    open_generation,
    snapshots_of,
)
from shared.snapshot.matrix import MatrixWriter
from shared.snapshot.products import ProductsWriter
from shared.snapshot.states import StatesWriter

COUNT = 3


def _snapshot(
    folder: Path, manifest_format: int = FORMAT, vector_count: int = COUNT, **manifest: int
) -> Path:
    for part in ("products", "dense", "states"):
        (folder / part).mkdir(parents=True)
    products = ProductsWriter(folder / "products")
    states = StatesWriter(folder / "states", 4)
    vectors = MatrixWriter(folder / "dense" / "vectors.npy", 2, "<f2")
    products.add([Product(f"p{row}", f"title {row}") for row in range(COUNT)])
    states.add([np.full((row + 1, 4), row, np.int8) for row in range(COUNT)])
    vectors.add(np.eye(vector_count, 2, dtype=np.float32))
    for writer in (products, states, vectors):
        writer.finish()
    content = {"format": manifest_format, "version": folder.name, "product_count": COUNT}
    encoder = {"name": "e", "sha256": "0123456789abcdef", "heads_sha256": "fedcba9876543210"}
    artifacts.write_manifest(folder, {**content, "encoder": encoder, "log_position": 5, **manifest})
    return folder


def test_products_vectors_and_states_are_read_by_row(tmp_path: Path) -> None:
    generation = open_generation(_snapshot(tmp_path / "v1"))
    assert (generation.version, generation.encoder_version) == ("v1", "e@0123456789ab+fedcba987654")
    assert generation.products.row("p2") == 2
    assert generation.states.of(2).shape == (3, 4)
    np.testing.assert_array_equal(generation.vectors[1], [0, 1])


def test_a_manifest_from_before_the_vectors_log_contains_nothing_of_it(tmp_path: Path) -> None:
    assert open_generation(_snapshot(tmp_path / "v1")).positions == Positions(catalog=5, vectors=0)
    assert open_generation(_snapshot(tmp_path / "v2", vectors_position=9)).positions == Positions(5, 9)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [_flip, lambda data: data[:-1], lambda data: data + b"x"])
def test_a_damaged_file_is_named_whichever_it_is(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    for number in range(len(_files(_snapshot(tmp_path / "model")))):
        folder = _snapshot(tmp_path / f"v{number}")
        path = _files(folder)[number]
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(Corrupt, match=path.name.removesuffix(".sha256")):
            open_generation(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = _snapshot(tmp_path / "v1")
    (folder / "states" / "tokens.npy").unlink()
    with pytest.raises(Corrupt, match=r"tokens\.npy"):
        open_generation(folder)


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    folder = _snapshot(tmp_path / "v1")
    (folder / "manifest.json").write_text('{"format": 1')
    with pytest.raises(Corrupt, match=r"manifest\.json"):
        open_generation(folder)


def test_another_format_is_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match=f"format 99, not {FORMAT}"):
        open_generation(_snapshot(tmp_path / "v1", manifest_format=99))


def test_parts_of_different_length_do_not_open(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="differ in length"):
        open_generation(_snapshot(tmp_path / "v1", vector_count=COUNT + 1))


def test_the_current_snapshot_is_the_one_that_is_named(tmp_path: Path) -> None:
    assert current_generation(tmp_path) is None
    for version in ("v1", "v2"):
        _snapshot(snapshots_of(tmp_path) / version)
    artifacts.set_current(snapshots_of(tmp_path), "v1")
    opened = current_generation(tmp_path)
    assert opened is not None
    assert opened.version == "v1"


def test_a_current_that_is_gone_is_named(tmp_path: Path) -> None:
    snapshots_of(tmp_path).mkdir()
    artifacts.set_current(snapshots_of(tmp_path), "v9")
    with pytest.raises(NotFound, match="v9"):
        current_generation(tmp_path)


def test_names_of_versions_sort_by_time() -> None:
    names = [new_version_name() for _ in range(3)]
    assert names == sorted(names)
    assert json.dumps(names[0]).isascii()
