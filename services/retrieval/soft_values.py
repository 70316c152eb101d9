"""The brands, categories, colours and sizes of a catalogue, by their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from services.retrieval.soft_fields import CATEGORY, MOST_FIELDS, kind_of, soft_fields
from shared.catalog.product import Product
from shared.snapshot.catalog_columns import CatalogColumns, Texts
from shared.snapshot.category_vectors import NO_CATEGORIES, CategoryVectors
from shared.snapshot.columns import SEPARATOR, texts
from shared.text.analysis import Analysis
from shared.text.cleaning import clean
from shared.text.words import words

Terms = frozenset[str]  # of one word, in each of the catalogue's languages

_MOST_VALUES = 50_000  # of a field; the most frequent ones
_MOST_WORDS = 5  # of a value


class Value(NamedTuple):
    """A value that queries may name."""

    kind: str
    words: tuple[Terms, ...]


class SoftValues:
    """The values of a snapshot's soft fields.

    Those of later writes are added, and none is removed: what no product has any more does no harm.
    """

    def __init__(self, analysis: Analysis | None = None, categories: CategoryVectors = NO_CATEGORIES) -> None:
        self.fields: dict[str, tuple[str, ...]] = {}  # by kind
        self.categories = categories  # that queries may mean
        self._analysis = analysis or Analysis()
        self._by_term: dict[str, tuple[Value, ...]] = {}  # by each term of the first word
        self._codes: dict[str, set[int]] = {}  # of the values that have a term

    @classmethod
    def of(
        cls, columns: CatalogColumns, analysis: Analysis, categories: CategoryVectors = NO_CATEGORIES
    ) -> SoftValues:
        """The values of some columns."""
        found = cls(analysis, categories)
        found.fields = soft_fields(columns)
        for kind, fields in found.fields.items():
            for field in fields:
                for code in _frequent(columns, field):
                    found._add(kind, columns.values[code], (code,))
        return found

    def add(self, product: Product, values: Texts) -> None:
        """Add the values of a product, which are among the texts of its columns."""
        for field, value in texts(product):
            if kind := kind_of(field):
                known = self.fields.get(kind, ())
                if field not in known and len(known) < MOST_FIELDS:
                    known = self.fields[kind] = (*known, field)
                if field in known:
                    self._add(kind, value, (code for span in values.spans(value) for code in span))

    def _add(self, kind: str, value: str, codes: Iterable[int]) -> None:
        named = self.value(kind, value)
        added = set(codes)
        for term in frozenset().union(*named.words):
            codes = self._codes.get(term, set())
            if not added <= codes:  # another set, as searches may look at this one
                self._codes[term] = codes | added
        for term in named.words[0] if named.words else ():
            known = self._by_term.get(term, ())
            if named not in known:
                self._by_term[term] = (*known, named)

    def value(self, kind: str, text: str) -> Value:
        """A text as queries may name it; without words, if they may not."""
        return Value(kind, self._words(text))

    def _words(self, value: str) -> tuple[Terms, ...]:
        """The terms of each word of a value; of a category its last part.

        Empty for a value of many words, or without letters.
        """
        found = words(clean(value.rpartition(SEPARATOR)[2]))
        if len(found) > _MOST_WORDS or not any(map(_has_letters, found)):
            return ()
        return tuple(self.terms(word) for word in found)

    def terms(self, word: str) -> Terms:
        """The terms of a word."""
        return frozenset(self._analysis.spellings(word))

    def named(self, typed: Iterable[Terms]) -> Iterator[Value]:
        """The values of which a query has every word."""
        known = frozenset().union(*typed)
        candidates = (value for term in known for value in self._by_term.get(term, ()))
        for value in dict.fromkeys(candidates):
            if all(not known.isdisjoint(terms) for terms in value.words):
                yield value

    def is_value(self, word: str) -> bool:
        """Whether a word alone is a brand, a colour or a size."""
        named = self.named([self.terms(word)])
        return any(value.kind != CATEGORY for value in named)

    def codes(self, value: Value) -> list[int]:
        """The codes of values with all words of one: "navy blue" for "blue"."""
        having = [set[int]().union(*(self._codes.get(term, ()) for term in terms)) for terms in value.words]
        return list(set.intersection(*having))


def _has_letters(word: str) -> bool:
    return any(map(str.isalpha, word))


def _frequent(columns: CatalogColumns, field: str) -> list[int]:
    """The codes of the most frequent texts of a field."""
    codes = [entries.values for segment in columns.segments if (entries := segment.text(field))]
    found, counts = np.unique(np.concatenate(codes), return_counts=True)
    first = np.argsort(-counts, kind="stable")[:_MOST_VALUES]
    return list(found[first].tolist())
