import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from services.embedding.indexer import Indexer
from shared import artifacts
from shared.catalog.product import Product
from shared.errors import Corrupt, Overloaded, StorageFull
from shared.snapshot.columns import Columns
from shared.snapshot.generation import Generation, current_generation, snapshots_of
from shared.snapshot.lexical import LexicalIndex

IDENTITY = {"name": "letters", "sha256": "0", "dim": 26, "state_dim": 4, "max_tokens": 8, "bundle_version": "b1"}


class LetterEncoder:
    """Counts letters; remembers what it was asked for."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        self.texts += texts
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        vectors = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
        return vectors, [np.full((len(text.split()), 4), len(text) % 100, np.int8) for text in texts]


def _indexer(data: Path, encoder: LetterEncoder | None = None, **identity: object) -> Indexer:
    return Indexer(data, encoder or LetterEncoder(), {**IDENTITY, **identity}, lambda product: product.title)


def _products(*titles: str) -> list[Product]:
    return [Product(title[:3], title, price=float(len(title))) for title in titles]


def _generation(data: Path) -> Generation:
    generation = current_generation(data)
    assert generation is not None
    return generation


def _titles(data: Path) -> list[str]:
    products = _generation(data).products
    return [products.product(row).title for row in range(len(products))]


def test_products_become_a_snapshot_whose_parts_agree(tmp_path: Path) -> None:
    report = _indexer(tmp_path).run(_products("red kettle", "blue teapot"), log_position=7)
    generation = _generation(tmp_path)
    folder = snapshots_of(tmp_path) / report.version
    assert (report.product_count, report.reused_count, generation.log_position) == (2, 0, 7)
    assert generation.products.row("blu") == 1
    assert generation.states.of(1).shape == (2, 4)
    np.testing.assert_allclose(np.linalg.norm(generation.vectors, axis=1), 1, atol=1e-3)
    assert LexicalIndex.open(folder / "lexical").searcher.num_docs == Columns.open(folder / "columns").row_count == 2


def test_an_id_that_comes_again_replaces_what_was_there_and_keeps_its_row(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle", "blue teapot"))
    report = _indexer(tmp_path).run(_products("green cup", "red kettle, large", "red kettle, small"))
    assert _titles(tmp_path) == ["red kettle, small", "blue teapot", "green cup"]
    assert (report.incoming_count, report.replaced_count) == (3, 1)


def test_only_what_the_encoder_has_not_seen_is_encoded(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle", "blue teapot"))
    before = np.array(_generation(tmp_path).vectors)
    encoder, cheaper = LetterEncoder(), Product("red", "red kettle", price=1.0)
    report = _indexer(tmp_path, encoder, bundle_version="b2").run([cheaper, *_products("green cup")])
    after = _generation(tmp_path)
    assert encoder.texts == ["green cup"]
    assert report.reused_count == 2
    assert after.products.product(0).price == 1.0
    np.testing.assert_array_equal(after.vectors[:2], before)


def test_another_encoder_encodes_everything_again(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle", "blue teapot"))
    encoder = LetterEncoder()
    _indexer(tmp_path, encoder, sha256="1").run([])
    assert sorted(encoder.texts) == ["blue teapot", "red kettle"]


def test_deleted_products_are_gone_and_unknown_ones_do_not_matter(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle", "blue teapot"))
    _indexer(tmp_path).run(_products("green cup"), deletions=["red", "gre", "never there"])
    assert _titles(tmp_path) == ["blue teapot"]


def test_a_catalogue_may_become_empty(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle"))
    assert _indexer(tmp_path).run([], deletions=["red"]).product_count == 0
    assert len(_generation(tmp_path).products) == 0


def test_two_snapshots_are_kept(tmp_path: Path) -> None:
    made = [_indexer(tmp_path).run(_products(title)).version for title in ("red", "blue", "green")]
    assert artifacts.versions(snapshots_of(tmp_path)) == made[1:]


def test_the_snapshot_before_is_kept_after_a_roll_back_too(tmp_path: Path) -> None:
    made = [_indexer(tmp_path).run(_products(title)).version for title in ("red", "blue")]
    artifacts.set_current(snapshots_of(tmp_path), made[0])
    made.append(_indexer(tmp_path).run(_products("green")).version)
    assert artifacts.versions(snapshots_of(tmp_path)) == [made[0], made[2]]
    assert _titles(tmp_path) == ["red", "green"]


def test_progress_counts_every_product_once(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle"))
    told: list[tuple[int, int]] = []
    many = [Product(f"p{n}", f"product {n}") for n in range(5_000)]
    report = _indexer(tmp_path).run(many, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 5_000 / 512
    assert told[-1] == (report.product_count, report.product_count) == (5_001, 5_001)
    generation = _generation(tmp_path)
    states = [generation.states.of(row) for row in (1, 2_000, 5_000)]
    assert [len(each) for each in states] == [2, 2, 2]
    assert [int(each[0, 0]) for each in states] == [
        len(generation.products.product(r).title) for r in (1, 2_000, 5_000)
    ]


def test_a_failing_encoder_leaves_the_old_snapshot(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle"))

    class Failing(LetterEncoder):
        def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
            raise RuntimeError("the engine died")

    with pytest.raises(RuntimeError, match="the engine died"):
        _indexer(tmp_path, Failing()).run(_products("blue teapot"))
    assert _titles(tmp_path) == ["red kettle"]


def test_what_a_killed_indexer_left_is_removed(tmp_path: Path) -> None:
    remains = snapshots_of(tmp_path) / ".tmp-20200101T000000.000000Z"
    remains.mkdir(parents=True)
    _indexer(tmp_path).run(_products("red kettle"))
    assert not remains.exists()


@pytest.mark.parametrize("file", ["products/payloads.bin", "dense/vectors.npy", "states/tokens.npy"])
def test_a_flipped_byte_is_not_carried_into_the_next_snapshot(tmp_path: Path, file: str) -> None:
    version = _indexer(tmp_path).run(_products("red kettle", "blue teapot")).version
    path = snapshots_of(tmp_path) / version / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt, match=path.name):
        _indexer(tmp_path).run(_products("green cup"))


def test_a_second_indexer_is_told_to_wait(tmp_path: Path) -> None:
    def meanwhile() -> Iterator[Product]:
        with pytest.raises(Overloaded, match="wait until it has finished"):
            _indexer(tmp_path).run([])
        yield Product("red", "red kettle")

    assert _indexer(tmp_path).run(meanwhile()).product_count == 1


def test_a_failure_in_the_middle_leaves_the_old_snapshot_and_no_rubbish(tmp_path: Path) -> None:
    _indexer(tmp_path).run(_products("red kettle"))

    def failing() -> Iterator[Product]:
        yield Product("blu", "blue teapot")
        raise RuntimeError("the file broke off")

    with pytest.raises(RuntimeError):
        _indexer(tmp_path).run(failing())
    assert _titles(tmp_path) == ["red kettle"]
    assert {path.name for path in snapshots_of(tmp_path).iterdir()} == {
        ".lock",
        "current",
        _generation(tmp_path).version,
    }


_DYING = """
import os, signal, sys
from pathlib import Path
from shared.catalog.product import Product
from tests.unit.embedding.test_indexer import _indexer

def run(data, last_call):
    calls = 0
    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call" and "/shared/" in frame.f_code.co_filename
        if calls == last_call:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    _indexer(data).run([Product(f"p{n}", f"product number {n}") for n in range(20)])
    sys.setprofile(None)
    return calls

data, rehearsal, share = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
run(data, int(run(rehearsal, 0) * share))
"""


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9, 0.96, 0.99])
def test_a_kill_at_any_point_leaves_a_whole_snapshot(tmp_path: Path, share: float) -> None:
    data, rehearsal = tmp_path / "data", tmp_path / "rehearsal"
    for each in (data, rehearsal):
        _indexer(each).run(_products("red kettle"))
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _DYING, str(data), str(rehearsal), str(share)]
    died = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert _titles(data) == ["red kettle"]
    assert _indexer(data).run(_products("blue teapot")).product_count == 2


def test_a_full_disk_is_named_and_the_old_snapshot_stays(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=False).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    try:
        _indexer(small).run(_products("red kettle"))
        many = (Product(f"p{n}", f"product {n}", description="words " * 300) for n in range(5_000))
        with pytest.raises(StorageFull, match="free some space"):
            _indexer(small).run(many)
        assert _titles(small) == ["red kettle"]
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
