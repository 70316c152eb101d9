"""The word index of a snapshot.

It is a tantivy index that blends the fields of a product, with the words for spelling correction.

Term statistics belong to one field, `text`, in which each searchable field of the product is
repeated by its weight. This is BM25F with shared length normalisation (Robertson & Zaragoza 2009,
"The Probabilistic Relevance Framework"). Scores added up field by field have .03-.09 nDCG@10 less
(docs/relevance-retrieval.md). lexical_document.py has the other fields. The index stores no
products; they are in the product store.

languages.txt      the version of the analysis and the catalogue's languages, one a line
dictionaries.json  the languages that are cut by a dictionary, and the package of each; missing if
                   none is
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import tantivy
from tantivy import Tokenizer

from shared.catalog.product import Product
from shared.snapshot.lexical_document import (
    CODE,
    IDENTIFIER,
    JOINED,
    MEASURE,
    NAMED,
    ROW,
    TEXT,
    document,
    names,
)
from shared.snapshot.vocabulary import Vocabulary, VocabularyWriter, Words
from shared.text.analysis import Analysis
from shared.text.detection import SAMPLE, languages_of
from shared.text.dictionaries import NONE, Dictionaries
from shared.text.languages import in_order, language_of
from shared.watchdog import progress

FIELDS = (TEXT, JOINED, MEASURE, NAMED, IDENTIFIER, CODE)
_LANGUAGES = "languages.txt"
_DICTIONARIES = "dictionaries.json"
_VERSION = "2"
_STEP = 500  # products between two reports of progress
_WRITER_BYTES = 256_000_000  # one segment up to some hundred thousand products
_LONGEST_START = 128  # bytes of the beginning of a term; a regex of a long one is refused


def _schema() -> tantivy.Schema:
    fields = tantivy.SchemaBuilder()
    for name in (TEXT, JOINED, MEASURE):
        fields.add_text_field(name, tokenizer_name="terms", index_option="freq")
    fields.add_text_field(NAMED, tokenizer_name="terms", index_option="basic")
    for name in (IDENTIFIER, CODE):
        fields.add_text_field(name, tokenizer_name="raw", index_option="basic")
    fields.add_unsigned_field(ROW, indexed=True, fast=True)
    return fields.build()


class LexicalWriter:
    """Writes the index into `folder`, which must be empty."""

    def __init__(self, folder: Path, dictionaries: Dictionaries = NONE) -> None:
        """`dictionaries` cut scripts without spaces. Raises Unavailable if one is not installed."""
        self._folder = folder
        self._dictionaries = dictionaries.open()
        self._rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(), path=str(folder))
        _register(index)
        self._writer = index.writer(_WRITER_BYTES, 1)
        self._vocabulary = VocabularyWriter(folder)
        self._sample: list[Product] = []  # waits until the languages are known
        self._analysis: Analysis | None = None

    def add(self, products: Sequence[Product]) -> None:
        """Append the next rows."""
        if self._analysis is None:
            self._sample += products
            if len(self._sample) < SAMPLE:
                return
            products = self._begin()
        self._add(products, self._analysis or Analysis())

    def finish(self) -> None:
        """Write the complete index to disk."""
        if self._analysis is None:
            self._add(self._begin(), self._analysis or Analysis())
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._vocabulary.finish()
        assert self._analysis is not None
        (self._folder / _LANGUAGES).write_text("\n".join([_VERSION, *self._analysis.languages]), "utf-8")
        if versions := self._dictionaries.versions():
            (self._folder / _DICTIONARIES).write_text(json.dumps(versions), "utf-8")
        for lock in self._folder.glob(".tantivy-*.lock"):
            lock.unlink()

    def _begin(self) -> list[Product]:
        """Decide on the languages by the sample, and give it back."""
        sample = self._sample
        self._sample = []
        self._analysis = Analysis(_languages(sample), self._dictionaries)
        return sample

    def _add(self, products: Sequence[Product], analysis: Analysis) -> None:
        for product in products:
            if self._rows % _STEP == 0:
                progress(f"{self._rows} products in the word index")
            self._writer.add_document(document(product, self._rows, analysis))
            self._vocabulary.add(names(product))
            self._rows += 1


def _languages(sample: Sequence[Product]) -> tuple[str, ...]:
    named = {language_of(product.language_code) for product in sample if product.language_code}
    unnamed = [
        " ".join([*names(product), product.description]) for product in sample if not product.language_code
    ]
    return in_order([*named, *(languages_of(unnamed) if unnamed else ())])


class LexicalIndex:
    """The opened index: `searcher` and `schema` for queries, `vocabulary` for spelling."""

    def __init__(
        self,
        index: tantivy.Index,
        vocabulary: Words,
        analysis: Analysis,
        has_deletions: bool = False,
    ) -> None:
        """`has_deletions` says that documents were deleted after the index was written."""
        self.schema = index.schema
        self.searcher = index.searcher()
        self.vocabulary = vocabulary
        self.analysis = analysis
        self._has_deletions = has_deletions
        self._fields = {field for field in FIELDS if _has(self.searcher, field)}

    @classmethod
    def open(cls, folder: Path, copy: Path | None = None) -> LexicalIndex:
        """Read the files of LexicalWriter in `folder`.

        The index itself is read from `copy` if that is given.
        """
        return cls(opened(copy or folder), Vocabulary.open(folder), analysis_of(folder))

    def words(self, text: str, languages: Sequence[str] = ()) -> list[str]:
        """The distinct indexed words of `text`, in order: in each of the catalogue's languages, or
        of some of them.
        """
        return self.analysis.spellings(text, languages)

    def holds(self, field: str, word: str) -> bool:
        """Whether some product has an indexed word in a field."""
        if field not in self._fields or not self.searcher.doc_freq(field, word):
            return False
        if not self._has_deletions:
            return True
        # doc_freq counts deleted documents too
        having = tantivy.Query.term_query(self.schema, field, word, "basic")
        return bool(self.searcher.search(having, 1, count=False).hits)

    def begins(self, field: str, start: str, most_more: int | None = None) -> tantivy.Query | None:
        """A query for the terms of a field that begin so (letters and digits), and go on for at
        most so many letters; None if there are none, or `start` is longer than any code.
        """
        if field not in self._fields or len(start.encode()) > _LONGEST_START:
            return None
        more = "*" if most_more is None else f"{{1,{most_more}}}"
        query = tantivy.Query.regex_query(self.schema, field, f"{start}.{more}")
        return query if self.searcher.search(query, 1, count=False).hits else None


def _has(searcher: tantivy.Searcher, field: str) -> bool:
    """Whether an index has a field: those of earlier versions lack some."""
    try:
        searcher.doc_freq(field, "")
    except ValueError:
        return False
    return True


def opened(folder: Path) -> tantivy.Index:
    """The index in a folder, with its tokenizer."""
    index = tantivy.Index.open(str(folder))
    _register(index)
    return index


def analysis_of(folder: Path) -> Analysis:
    """The analysis by which the index in a folder was written.

    Raises Unavailable if it needs a dictionary that is not installed.
    """
    path = folder / _LANGUAGES
    lines = path.read_text("utf-8").split("\n") if path.exists() else [_VERSION]
    dictionaries = dictionaries_of(folder).open()
    return Analysis(tuple(lines[1:]), dictionaries) if lines[1:] else Analysis(dictionaries=dictionaries)


def dictionaries_of(folder: Path) -> Dictionaries:
    """The dictionaries by which the index in a folder was written. They are not loaded."""
    path = folder / _DICTIONARIES
    return Dictionaries.named(json.loads(path.read_text("utf-8"))) if path.exists() else NONE


def _register(index: tantivy.Index) -> None:
    """Terms are made before (shared.text.analysis), and separated by spaces."""
    terms = tantivy.TextAnalyzerBuilder(Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    index.register_tokenizer("aisle", terms)  # the name in indexes of earlier versions
