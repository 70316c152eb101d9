"""The word index of a snapshot.

It is a tantivy index that blends the fields of a product, with the words for spelling correction.

Term statistics belong to one field, `text`, in which each searchable field of the product is
repeated by its weight. This is BM25F with shared length normalisation (Robertson & Zaragoza 2009,
"The Probabilistic Relevance Framework"). Scores added up field by field have .03-.09 nDCG@10 less
(docs/relevance-retrieval.md).

`joined` holds hyphenated words without their hyphens ("t-shirt" as "tshirt"), `identifier` the
product's id, stock-keeping unit and trade number, `row` its row. The index stores no products; they
are in the product store.
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
# How often a field is repeated in the blend; other fields appear once
TITLE_WEIGHT = 3
BRAND_WEIGHT = 2
CATEGORY_WEIGHT = 3

# "43.2" and "1/2" stay whole, "dv7-1211ea" is two words
_WORDS = r"\d+(?:[.,/]\d+)+|[\p{L}\p{M}\p{N}]+"
# Matched by prefix
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

    Case, spaces and a trade number's leading zeros are ignored.
    """
    plain = "".join(text.casefold().split())
    return plain.lstrip("0") or "0" if plain.isdecimal() else plain


def words_of(text: str) -> list[str]:
    """The words of a query as typed, in lower case, without stemming or deduplication."""
    return _LETTERS_OR_DIGITS.findall(text.lower())


def joined(text: str) -> list[str]:
    """The hyphenated words of `text`, each joined to one word."""
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
        """Write the complete index to disk."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._vocabulary.finish()
        for lock in self._folder.glob(".tantivy-*.lock"):
            lock.unlink()


def document(product: Product, row: int) -> tantivy.Document:
    """The document that is indexed for a product."""
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
    # The levels above the leaf count once
    yield from [*product.categories, *leaves * (CATEGORY_WEIGHT - 1)]
    yield from (product.description, product.sku, *product.tags)
    yield from (value for values in product.attributes.values() for value in values if isinstance(value, str))


def names(product: Product) -> list[str]:
    """The texts whose words are used for spelling correction."""
    return [product.title, *product.brands, *product.categories]


class LexicalIndex:
    """The opened index: `searcher` and `schema` for queries, `vocabulary` for spelling."""

    def __init__(self, index: tantivy.Index, vocabulary: Words, has_deletions: bool = False) -> None:
        """`has_deletions` says that documents were deleted after the index was written."""
        self.schema = index.schema
        self.searcher = index.searcher()
        self.vocabulary = vocabulary
        self._has_deletions = has_deletions
        self._analyzer = analyzer()

    @classmethod
    def open(cls, folder: Path, copy: Path | None = None) -> LexicalIndex:
        """Read the files of LexicalWriter in `folder`.

        The index itself is read from `copy` if that is given.
        """
        return cls(opened(copy or folder), Vocabulary.open(folder))

    def words(self, text: str) -> list[str]:
        """The distinct indexed words of `text`, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    def holds(self, field: str, word: str) -> bool:
        """Whether some product has an indexed word in a field."""
        if not self.searcher.doc_freq(field, word):
            return False
        if not self._has_deletions:
            return True
        # doc_freq counts deleted documents too
        having = tantivy.Query.term_query(self.schema, field, word, "basic")
        return bool(self.searcher.search(having, 1, count=False).hits)


def opened(folder: Path) -> tantivy.Index:
    """The index in a folder, with its tokenizer."""
    index = tantivy.Index.open(str(folder))
    index.register_tokenizer("aisle", analyzer())
    return index
