from pathlib import Path

import pytest
import tantivy

from shared.catalog.product import Product
from shared.snapshot.lexical import LexicalIndex, LexicalWriter
from shared.snapshot.lexical_document import joined
from shared.snapshot.vocabulary import VocabularyWriter

PRODUCTS = [
    Product("p-1", "Café Kettles 1.5 l", brands=("Hob",), gtin="0095205603217"),
    Product("p-2", "T-shirt", description="a shirt"),
]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    writer = LexicalWriter(tmp_path)
    writer.add(PRODUCTS[:1])
    writer.add(PRODUCTS[1:])
    writer.finish()
    return LexicalIndex.open(tmp_path)


def test_all_products_are_in_one_segment(index: LexicalIndex) -> None:
    assert (index.searcher.num_docs, index.searcher.num_segments) == (2, 1)


def test_words_are_folded_and_stemmed_and_numbers_stay_whole(index: LexicalIndex) -> None:
    assert index.words("CAFÉ kettle kettles 1.5 dv7-1211ea") == [
        "cafe",
        "kettl",
        "1.5",
        "dv7",
        "1211ea",
    ]
    assert index.searcher.doc_freq("text", "kettl") == 1


def test_hyphenated_words_are_found_in_one_word(index: LexicalIndex) -> None:
    assert joined("a T-shirt, x-y-z") == ["tshirt", "xyz"]
    assert index.searcher.doc_freq("joined", "tshirt") == 1


def test_identifiers_are_indexed_without_separators_and_leading_zeros(index: LexicalIndex) -> None:
    assert index.searcher.doc_freq("identifier", "95205603217") == 1


def test_an_index_of_an_earlier_version_lacks_fields_and_is_searched_without_them(tmp_path: Path) -> None:
    fields = tantivy.SchemaBuilder()
    fields.add_text_field("text", tokenizer_name="aisle", index_option="freq")
    fields.add_unsigned_field("row", indexed=True, fast=True)
    older = tantivy.Index(fields.build(), path=str(tmp_path))
    older.register_tokenizer("aisle", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).build())
    older.writer(15_000_000, 1).commit()
    VocabularyWriter(tmp_path).finish()
    index = LexicalIndex.open(tmp_path)
    assert index.analysis.languages == ("en",)
    assert not index.holds("measure", "8gb") and index.begins("code", "8gb") is None


def test_an_empty_catalogue_has_an_index(tmp_path: Path) -> None:
    LexicalWriter(tmp_path).finish()
    index = LexicalIndex.open(tmp_path)
    assert index.searcher.num_docs == 0 and index.vocabulary.near("lamp", 2) == []


def test_no_lock_is_left_in_the_folder(tmp_path: Path) -> None:
    LexicalWriter(tmp_path).finish()
    assert not list(tmp_path.glob(".tantivy-*"))
