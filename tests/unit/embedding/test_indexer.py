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
from shared.errors import Overloaded, StorageFull
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
import sys
from pathlib import Path
from shared import artifacts
from shared.catalog.product import Product
from tests.unit.embedding.test_indexer import _indexer
import os, signal
calls = 0
def die(frame, event, argument):
    global calls
    calls += event == "call" and "/shared/" in frame.f_code.co_filename
    if calls >= int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
products = [Product(f"p{n}", f"product number {n}") for n in range(20)]
sys.setprofile(die)
_indexer(Path(sys.argv[1])).run(products)
"""


@pytest.mark.parametrize("after_calls", [20, 60, 120, 160, 200])
def test_a_kill_at_any_point_leaves_a_whole_snapshot(tmp_path: Path, after_calls: int) -> None:
    _indexer(tmp_path).run(_products("red kettle"))
    root = Path(__file__).resolve().parents[3]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _DYING, str(tmp_path), str(after_calls)]
    died = subprocess.run(command, cwd=root, env=environ, check=False)
    assert died.returncode in (-signal.SIGKILL, 0)
    assert len(_titles(tmp_path)) in (1, 21)
    assert _indexer(tmp_path).run(_products("blue teapot")).product_count in (2, 22)


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
