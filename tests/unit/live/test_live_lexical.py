import os
import tempfile
from pathlib import Path

import pytest

from shared.catalog.product import Product
from shared.live.live_lexical import LiveLexical, copy_index
from shared.snapshot.lexical import LexicalIndex, LexicalWriter, analysis_of
from shared.snapshot.lexical_document import TEXT
from shared.snapshot.vocabulary import Vocabulary

LAMP = Product("a", "Red lamp")
MUG = Product("b", "Blue mug")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lexical"
    writer = LexicalWriter(folder)
    writer.add([LAMP, MUG])
    writer.finish()
    return folder


@pytest.fixture
def live(folder: Path, tmp_path: Path) -> LiveLexical:
    return live_copy(folder, tmp_path / "private")


def live_copy(folder: Path, private: Path) -> LiveLexical:
    copy_index(folder, private)
    return LiveLexical(private, Vocabulary.open(folder), analysis_of(folder))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_snapshots_own_files_stay_as_they_are(live: LiveLexical, folder: Path) -> None:
    before = contents(folder)
    for number in range(20):
        live.add(Product(f"p{number}", f"Green kettle {number}"), 2 + number)
        live.delete(LAMP, 0)
        live.committed()
    assert contents(folder) == before
    assert LexicalIndex.open(folder).searcher.num_docs == 2


def test_an_index_shows_what_was_committed_when_it_was_made(live: LiveLexical) -> None:
    live.add(Product("c", "Zephyrine lantern"), 2)
    before = live.committed()
    live.delete(MUG, 1)
    after = live.committed()
    assert [index.searcher.num_docs for index in (before, after)] == [3, 2]
    assert before.holds(TEXT, "mug") and not after.holds(TEXT, "mug")


def test_a_word_of_removed_products_alone_is_no_word_of_the_catalogue(live: LiveLexical) -> None:
    live.delete(LAMP, 0)
    index = live.committed()
    assert index.searcher.doc_freq(TEXT, "lamp") == 1  # which is why `holds` looks closer
    assert not index.holds(TEXT, "lamp") and index.holds(TEXT, "blue")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs another file system")
def test_where_links_cannot_be_made_files_are_copied(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        assert os.stat(elsewhere).st_dev != folder.stat().st_dev
        live = live_copy(folder, Path(elsewhere) / "private")
        live.add(Product("c", "Zephyrine lantern"), 2)
        assert live.committed().searcher.num_docs == 3
