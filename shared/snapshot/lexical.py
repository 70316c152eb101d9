"""Words of a snapshot.

A tantivy index in which the fields of a product are blended, and the words for spelling.

Term statistics belong to one field, `text`, that holds every searchable field of the product as
often as it weighs: BM25F with shared length normalisation (Robertson & Zaragoza 2009, "The
Probabilistic Relevance Framework"). Scores added up field by field are worth .03-.09 nDCG@10 less
(docs/relevance-retrieval.md).

`joined` holds hyphenated words without their hyphens ("t-shirt" as "tshirt"), `identifier` the
product's id, stock-keeping unit and trade number, `row` its row. Nothing is stored: products are
read from the product store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import tantivy
from tantivy import Filter, TextAnalyzer, Tokenizer

from shared.catalog.product import Product
from shared.snapshot.vocabulary import Vocabulary, VocabularyWriter, Words

TEXT = "text"
JOINED = "joined"
IDENTIFIER = "identifier"
ROW = "row"
# How often a field is in the blend; every other field once
TITLE_WEIGHT = 3
BRAND_WEIGHT = 2
CATEGORY_WEIGHT = 3

# "43.2" and "1/2" stay whole, "dv7-1211ea" is two words
_WORDS = r"\d+(?:[.,/]\d+)+|[\p{L}\p{M}\p{N}]+"
# Sought from the beginnings of words
_HYPHENATED = re.compile(r"(?<![^\W_])[^\W_]++(?:-[^\W_]++)++")
_LETTERS_OR_DIGITS = re.compile(r"[^\W_]+")
_LONGEST_WORD_BYTES = 64
_WRITER_BYTES = 256_000_000  # one segment up to some hundred thousand products


@cache
def analyzer() -> TextAnalyzer:
    """Words in lower case without accents, stemmed in English."""
    words = tantivy.TextAnalyzerBuilder(Tokenizer.regex(_WORDS)).filter(
        Filter.remove_long(_LONGEST_WORD_BYTES)
    )
    return (
        words.filter(Filter.ascii_fold()).filter(Filter.lowercase()).filter(Filter.stemmer("english")).build()
    )


def identifier(text: str) -> str:
    """The form in which identifiers are compared.

    Case, spaces and a trade number's leading zeros do not matter.
    """
    plain = "".join(text.casefold().split())
    return plain.lstrip("0") or "0" if plain.isdecimal() else plain


def words_of(text: str) -> list[str]:
    """The words of a query as typed, in lower case; neither stemmed nor different."""
    return _LETTERS_OR_DIGITS.findall(text.lower())


def joined(text: str) -> list[str]:
    """The hyphenated words of `text`, each in one word."""
    return [word.replace("-", "") for word in _HYPHENATED.findall(text)] if "-" in text else []


def _schema() -> tantivy.Schema:
    fields = tantivy.SchemaBuilder()
    for name in (TEXT, JOINED):
        fields.add_text_field(name, tokenizer_name="aisle", index_option="freq")
    fields.add_text_field(IDENTIFIER, tokenizer_name="raw", index_option="basic")
    fields.add_unsigned_field(ROW, indexed=True, fast=True)
    return fields.build()


class LexicalWriter:
    """Writes the index into `folder`, which must be empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(), path=str(folder))
        index.register_tokenizer("aisle", analyzer())
        self._writer = index.writer(_WRITER_BYTES, 1)
        self._vocabulary = VocabularyWriter(folder)

    def add(self, products: Sequence[Product]) -> None:
        """Append the next rows."""
        for product in products:
            self._writer.add_document(document(product, self._rows))
            self._vocabulary.add(names(product))
            self._rows += 1

    def finish(self) -> None:
        """Make the index complete on the disk."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._vocabulary.finish()
        for lock in self._folder.glob(".tantivy-*.lock"):
            lock.unlink()


def document(product: Product, row: int) -> tantivy.Document:
    """What is indexed of a product."""
    document = tantivy.Document()
    document.add_unsigned(ROW, row)
    document.add_text(TEXT, " ".join(_blend(product)))
    for name in {identifier(name) for name in (product.product_id, product.sku, product.gtin) if name}:
        document.add_text(IDENTIFIER, name)
    words = joined(" ".join([*names(product), product.description]))
    if words:
        document.add_text(JOINED, " ".join(words))
    return document


def _blend(product: Product) -> Iterable[str]:
    leaves = [path.rsplit(">", 1)[-1] for path in product.categories]
    yield from [product.title] * TITLE_WEIGHT
    yield from product.brands * BRAND_WEIGHT
    # What is above the leaf counts once
    yield from [*product.categories, *leaves * (CATEGORY_WEIGHT - 1)]
    yield from (product.description, product.sku, *product.tags)
    yield from (value for values in product.attributes.values() for value in values if isinstance(value, str))


def names(product: Product) -> list[str]:
    """The texts whose words spelling is corrected from."""
    return [product.title, *product.brands, *product.categories]


class LexicalIndex:
    """The opened index: `searcher` and `schema` for queries, `vocabulary` for spelling."""

    def __init__(self, index: tantivy.Index, vocabulary: Words, has_deletions: bool = False) -> None:
        """`has_deletions` says that documents were deleted since the index was written in one
        piece.
        """
        self.schema = index.schema
        self.searcher = index.searcher()
        self.vocabulary = vocabulary
        self._has_deletions = has_deletions
        self._analyzer = analyzer()

    @classmethod
    def open(cls, folder: Path, copy: Path | None = None) -> LexicalIndex:
        """Read what LexicalWriter wrote into `folder`.

        The index itself from its `copy`, if there is one.
        """
        return cls(opened(copy or folder), Vocabulary.open(folder))

    def words(self, text: str) -> list[str]:
        """The different indexed words of `text`, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    def holds(self, field: str, word: str) -> bool:
        """Whether some product has an indexed word in a field."""
        if not self.searcher.doc_freq(field, word):
            return False
        if not self._has_deletions:
            return True
        # doc_freq counts deleted ones too
        having = tantivy.Query.term_query(self.schema, field, word, "basic")
        return bool(self.searcher.search(having, 1, count=False).hits)


def opened(folder: Path) -> tantivy.Index:
    """The index in a folder, with its tokenizer."""
    index = tantivy.Index.open(str(folder))
    index.register_tokenizer("aisle", analyzer())
    return index
