"""Marks the words of a query in the texts of a product, by the same rules that find the product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from services.retrieval.query_terms import QueryTerms
from shared.snapshot.lexical_document import (
    affirmed_words,
    numeric_terms,
    placed_glued,
    placed_joined,
)
from shared.text.aligned import AlignedText
from shared.text.analysis import Analysis
from shared.text.codes import compact, place_in, placed_codes
from shared.text.quantities import quantities
from shared.text.stemming import stem
from shared.text.words import PlacedWord, is_run, placed_words

_BESIDE = 2  # characters between two parts of "RTX 3080", at most
Values = Sequence[str | float]


class Mark(NamedTuple):
    """A marked part of a text as it is shown, and the term of the query that it holds."""

    term: str
    start: int
    end: int


@dataclass(frozen=True)
class MarkedText:
    """A text of a product, with its words."""

    text: AlignedText
    is_code: bool = False  # all of it may be a code
    terms: list[PlacedWord] = field(default_factory=list)  # each word by its term


@dataclass(frozen=True)
class Marking:
    """The terms of one query, for a product in one language."""

    query: QueryTerms
    language: str
    analysis: Analysis

    def read(
        self, text: str, is_name: bool = False, is_code: bool = False, has_words: bool = True
    ) -> MarkedText:
        """A text as it was sent, with its words. Linear in its length.

        Single letters count in a name, and all of a code is compared with those of the query. An
        id is found by its code alone, so it is read without words.
        """
        aligned = AlignedText.of(text)
        terms = list(self._terms(aligned.folded, is_name)) if has_words else []
        return MarkedText(aligned, is_code, terms)

    def marks(self, texts: Sequence[MarkedText]) -> list[list[Mark]]:
        """The marks of all texts of a product, of each in order. They may overlap."""
        held = self.query.held({word.word for text in texts for word in text.terms})
        return [sorted(self._marks_of(text, held), key=lambda mark: mark.start) for text in texts]

    def holds_number(self, name: str, value: float) -> bool:
        """Whether the number of an attribute is in the query, alone, with its unit or its name."""
        return not numeric_terms(name, value, self.analysis).isdisjoint(self.query.measures)

    def holds_name(self, name: str, values: Values) -> bool:
        """Whether an attribute is true, and the query has a word of its name."""
        words = {stem(word, self.language) for word in affirmed_words(name, values, self.analysis)}
        return not words.isdisjoint(self.query.measures)

    def _terms(self, folded: str, is_name: bool) -> Iterator[PlacedWord]:
        for word in placed_words(folded, self.analysis.dictionaries):
            yield PlacedWord(stem(word.word, self.language), word.start, word.end)
        for word in placed_joined(folded):
            yield PlacedWord(stem(word.word, self.language), word.start, word.end)
        if is_name:
            yield from placed_glued(folded)
            for letter in self.query.joined:
                if len(letter) == 1 and is_run(letter):
                    yield from _occurrences(letter, folded)

    def _marks_of(self, text: MarkedText, held: set[str]) -> Iterator[Mark]:
        for term, start, end in [
            *(word for word in text.terms if word.word in held),
            *self._measured(text.text.folded),
            *self._begun(text.terms),
            *self._beside(text.terms),
            *self._codes(text),
        ]:
            yield Mark(term, *text.text.span(start, end))

    def _measured(self, folded: str) -> Iterator[PlacedWord]:
        if self.query.measures:
            for each in quantities(folded):
                if each.term in self.query.measures:
                    yield PlacedWord(each.term, each.start, each.end)

    def _begun(self, terms: Iterable[PlacedWord]) -> Iterator[PlacedWord]:
        """The beginnings of words that the query's last word begins."""
        if begun := self.query.begun:
            for word in terms:
                if word.word.startswith(begun):
                    yield PlacedWord(begun, word.start, min(word.end, word.start + len(begun)))

    def _beside(self, terms: Sequence[PlacedWord]) -> Iterator[PlacedWord]:
        """The letters and digits of a word of the query that are written apart."""
        for parts in self.query.beside:
            for at in range(len(terms) - len(parts) + 1):
                found = terms[at : at + len(parts)]
                if tuple(each.word for each in found) == parts and _are_beside(found):
                    yield PlacedWord(" ".join(parts), found[0].start, found[-1].end)

    def _codes(self, text: MarkedText) -> Iterator[PlacedWord]:
        if not self.query.codes and not self.query.begun_codes:
            return
        folded = text.text.folded
        if text.is_code and compact(folded) in self.query.codes:
            yield PlacedWord(compact(folded), 0, len(folded))
        for code in placed_codes(folded):
            for wanted in self.query.codes | self.query.begun_codes:
                if place := place_in(code[0], wanted, wanted in self.query.begun_codes):
                    yield PlacedWord(wanted, code.start() + place[0], code.start() + place[1])


def _are_beside(words: Sequence[PlacedWord]) -> bool:
    return all(0 <= after.start - word.end <= _BESIDE for word, after in pairwise(words))


def _occurrences(letter: str, text: str) -> Iterator[PlacedWord]:
    at = text.find(letter)
    while at >= 0:
        yield PlacedWord(letter, at, at + 1)
        at = text.find(letter, at + 1)
