"""A snapshot is searched and written by the dictionaries that it was made with."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.embedding.indexing.indexer import Indexer
from services.retrieval.highlighting import Highlighter
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms, parsed
from shared.catalog.product import Product
from shared.errors import Unavailable
from shared.snapshot.change import Change, Encoding
from shared.snapshot.generation import snapshots_of
from shared.text import dictionaries
from shared.text.dictionaries import NONE, Dictionaries
from tests.unit.embedding.indexing.letter_encoder import IDENTITY, VERSION, LetterEncoder, letter_indexer

SHOP = [
    Product("tokyo", "東京都限定カップ", language_code="ja"),
    Product("kyoto", "京都のカップ", language_code="ja", attributes={"食洗機対応": ("はい", "true")}),
    Product("sofa", "灰色布艺沙发", language_code="zh"),
    Product("bag", "예쁜 가방을", language_code="ko"),
]
CUT_BY = Dictionaries.named(["ja", "ko", "zh"])


def made(data: Path, cut_by: Dictionaries | None) -> Path:
    """The folder of a snapshot of the shop."""
    indexer = Indexer(data, LetterEncoder(), IDENTITY, lambda each: each.title, dictionaries=cut_by)
    return snapshots_of(data) / indexer.run(SHOP).version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("shop"), CUT_BY)


def found(snapshot: Snapshot, query: str, synonyms: Synonyms = NO_SYNONYMS) -> list[str]:
    request = Request(query, tier=LEXICAL, synonyms=synonyms)
    return sorted(snapshot.products.product_ids(Retriever().retrieve(snapshot, request).rows))


@pytest.mark.parametrize(
    ("query", "by_words", "by_pairs"),
    [
        ("京都", ["kyoto"], ["kyoto", "tokyo"]),
        ("カップ", ["kyoto", "tokyo"], ["kyoto", "tokyo"]),
        ("沙发", ["sofa"], ["sofa"]),
        ("예쁘다", ["bag"], []),
        ("가방", ["bag"], ["bag"]),
    ],
)
def test_words_are_found_as_they_were_cut(
    folder: Path, tmp_path: Path, query: str, by_words: list[str], by_pairs: list[str]
) -> None:
    assert found(Snapshot.open(folder), query) == by_words
    assert found(Snapshot.open(made(tmp_path, NONE)), query) == by_pairs


def test_synonyms_are_cut_alike(folder: Path) -> None:
    synonyms, _ = parsed("布艺沙发, 长沙发椅")
    assert found(Snapshot.open(folder), "长沙发椅", synonyms) == ["sofa"]


def test_words_are_marked_as_they_were_cut(folder: Path) -> None:
    snapshot = Snapshot.open(folder)
    highlighter = Highlighter(snapshot.lexical.index.analysis, snapshot.lexical.terms("京都 カップ"))
    marked = [
        [piece.text for each in highlighter.of(product) for piece in each.cut.pieces if piece.matched]
        for product in SHOP[:2]
    ]
    assert marked == [["カップ"], ["京都", "カップ"]]


def test_the_manifest_names_the_packages(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["dictionaries"].keys() == {"ja", "ko", "zh"}
    assert manifest["dictionaries"]["zh"].startswith("rjieba ")


def test_the_next_snapshot_keeps_them_unless_others_are_chosen(tmp_path: Path) -> None:
    made(tmp_path, CUT_BY)
    kept = made(tmp_path, None)
    assert found(Snapshot.open(kept), "京都") == ["kyoto"]
    assert found(Snapshot.open(made(tmp_path, NONE)), "京都") == ["kyoto", "tokyo"]


def test_a_live_write_is_cut_as_the_snapshot_was(folder: Path, tmp_path: Path) -> None:
    live = LiveSnapshot(folder, tmp_path / "private")
    encoding = Encoding(np.zeros(26, np.float16), np.zeros((0, 4), np.int8))
    product = Product("new", "新東京都カップ", language_code="ja")
    live.apply([Change.of(9, product, {VERSION: encoding}, 10)])
    assert found(live.state, "京都") == ["kyoto"]
    assert found(live.state, "カップ") == ["kyoto", "new", "tokyo"]


def test_a_snapshot_is_not_served_without_its_dictionary(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictionaries, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"not installed: pip install '\.\[dictionaries\]'"):
        Snapshot.open(folder)


def test_without_a_choice_nothing_needs_a_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionaries, "find_spec", lambda name: None)
    report = letter_indexer(tmp_path).run(SHOP)
    assert found(Snapshot.open(snapshots_of(tmp_path) / report.version), "沙发") == ["sofa"]
