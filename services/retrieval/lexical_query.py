"""Compiles a shopper's text to a query of the lexical index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tantivy import Occur, Query

from services.retrieval.code_query import CodeQuery
from services.retrieval.compounds import Compounds
from services.retrieval.word_groups import WordGroups, enough
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, MEASURE, NAMED, TEXT
from shared.text.cleaning import clean
from shared.text.folding import fold
from shared.text.quantities import Quantity, quantities
from shared.text.words import is_run, stretches, words

JOINED_BOOST = 0.5  # "tshirt" for "t-shirt"
LETTER_BOOST = 3.0  # a letter of a name, which weighs as a title does: "灯" for "台灯"
UNIT_BOOST = 0.5  # "4" and "gb" for "4gb"
ATTRIBUTE_BOOST = 0.25  # a number, or a name of what is true, of an attribute
_LONGEST_RUN = 4  # words that may be one code, if there are digits in them
_SHORTEST_JOINED = 2  # letters
_SHORTEST_PART = 4  # letters of a word that may be half of another
_LONGEST_SPLIT = 30
COMPOUND_BOOST = 0.7  # "Holzschraube" for "Schraube"

_TURNS = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_FUNCTION_WORDS = frozenset(  # not needed for a match
    (
        *("a", "an", "and", "are", "as", "at", "by", "for", "from"),
        *("in", "is", "it", "of", "on", "or", "the", "to", "with"),
    )
)


@dataclass(frozen=True)
class LexicalQuery:
    """A query in the terms of the index."""

    scored: Query  # any word, by BM25 over blended fields
    required: Query  # holds enough of the words to count as a match
    strong: Query  # holds enough of them by its texts, not by attributes alone
    empty: bool  # no product has any of its words
    pinned: Query | None = None  # products whose code is in the query: they come first
    is_code: bool = False  # the query is a code and nothing else
    numbers: Query | None = None  # holds every word with a digit
    half: Query | None = None  # holds at least half of the words
    named: Query | None = None  # holds every word where it says what it is


@dataclass(frozen=True)
class QueryParser:
    """Compiles queries for one index."""

    index: LexicalIndex

    @cached_property
    def compounds(self) -> Compounds:
        """Those of the catalogue."""
        return Compounds(self.index.vocabulary.all, self.index.analysis.languages)

    def parse(self, text: str, languages: Sequence[str] = ()) -> LexicalQuery:
        """Compile a query, which has no syntax.

        Its words are those of the catalogue's languages, or of some of them.
        """
        reading = _Reading(self.index, languages, self.compounds)
        reading.read(text)
        codes = CodeQuery.of(self.index, text)
        codes.join(reading.groups)
        required = reading.groups.required(_FUNCTION_WORDS, strong=False)
        strong = reading.groups.required(_FUNCTION_WORDS, strong=True)
        scored = [*reading.groups.scored, *codes.scored]
        return LexicalQuery(
            any_of(scored),
            any_of([*_enough_of(required), *codes.matching]),
            any_of([*_enough_of(strong), *codes.matching]),
            not scored,
            any_of(codes.first) if codes.first else None,
            codes.is_all,
            reading.groups.numbers(),
            _at_least(required, (len(required) + 1) // 2) if required else None,
            reading.groups.named(_FUNCTION_WORDS),
        )


class _Reading:
    """The groups of one query: for each of its words, what stands for it."""

    def __init__(self, index: LexicalIndex, languages: Sequence[str], compounds: Compounds) -> None:
        self._index = index
        self._compounds = compounds
        self._languages = languages
        self.groups = WordGroups()

    def read(self, text: str) -> None:
        folded = fold(clean(text))
        measured = [each for each in quantities(folded) if self._index.holds(MEASURE, each.term)]
        for each in measured:
            self.groups.add((each.term,), self._term(MEASURE, each.term))
        rest = _without(folded, measured)
        typed = self._distinct(words(rest))
        self.groups.typed = [each.term for each in measured] + typed
        self.groups.stretches = stretches(rest)
        for word in typed:
            self._word(word)
        for parts in _runs(typed):
            self._joined(parts)
        for word in typed:
            self._apart(word)
            self._compound(word)

    def _distinct(self, typed: Sequence[str]) -> list[str]:
        """The words without those of a stem that came before."""
        by_term = {self._index.words(word, self._languages)[0]: word for word in reversed(typed)}
        return list(by_term.values())[::-1]

    def _word(self, word: str) -> None:
        terms = self._index.words(word, self._languages)
        strong = [self._term(TEXT, term) for term in terms if self._index.holds(TEXT, term)]
        for query in strong:
            self.groups.add((word,), query)
        for term in terms:
            if self._index.holds(NAMED, term):
                self.groups.add_named(word, Query.term_query(self._index.schema, NAMED, term, "basic"))
        if weak := [self._term(MEASURE, term) for term in terms if self._index.holds(MEASURE, term)]:
            self.groups.add_weak(word, Query.boost_query(any_of(weak), ATTRIBUTE_BOOST), strong)

    def _joined(self, parts: Sequence[str]) -> None:
        """Other spellings in one word, each added to the groups of its words.

        "mac book" finds "macbook", "t shirt" and "tshirt" find "t-shirt".
        """
        whole = "".join(parts)
        is_letter = len(whole) == 1 and is_run(whole)  # of a script without spaces
        if len(parts) > 1 and any(map(is_run, parts)):
            return  # their pairs of letters would stand for the whole
        if len(whole) < _SHORTEST_JOINED and not is_letter:
            return
        for term in self._index.words(whole, self._languages)[:1]:
            if self._index.holds(JOINED, term):
                boost = LETTER_BOOST if is_letter else JOINED_BOOST
                self.groups.add(parts, Query.boost_query(self._term(JOINED, term), boost))
            if len(parts) > 1 and self._index.holds(TEXT, term):
                self.groups.add(parts, self._term(TEXT, term))
        if len(parts) > 1 and self._index.holds(MEASURE, whole):
            self.groups.add(parts, self._term(MEASURE, whole))

    def _apart(self, word: str) -> None:
        """Parts of a word: "rtx3080" finds "RTX 3080", "4gb" finds "4 GB"."""
        parts = _TURNS.findall(word)
        terms = [self._index.words(part, self._languages)[:1] for part in parts]
        if len(parts) > 1 and all(term and self._known(term[0]) for term in terms):
            self._both(word, [term[0] for term in terms])

    def _compound(self, word: str) -> None:
        """What ends in the word, and what holds its parts."""
        for term in self._index.words(word, self._languages):
            for longer in self._compounds.ending_in(term):
                if self._known(longer):
                    self.groups.add((word,), Query.boost_query(self._term(TEXT, longer), COMPOUND_BOOST))
        if word not in self.groups and (parts := self._parts(word)):
            self._both(word, parts)

    def _parts(self, word: str) -> list[str]:
        """The terms of two words that an unknown word was made of."""
        if parts := self._compounds.parts(word, self._known):
            return parts
        cuts = [(word[:cut], word[cut:]) for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        for cut in cuts if len(word) <= _LONGEST_SPLIT and word.isalpha() and not is_run(word) else ():
            terms = [self._index.words(part, self._languages)[0] for part in cut]
            if all(map(self._known, terms)):
                return terms
        return []

    def _both(self, word: str, terms: Sequence[str]) -> None:
        queries = [self._term(TEXT, term) for term in terms]
        self.groups.stand_for((word,), Query.boolean_query([(Occur.Must, query) for query in queries]))
        self.groups.scored += [Query.boost_query(query, UNIT_BOOST) for query in queries]

    def _known(self, term: str) -> bool:
        return self._index.holds(TEXT, term)

    def _term(self, field: str, word: str) -> Query:
        return Query.term_query(self._index.schema, field, word, "freq")


def _without(text: str, spans: Sequence[Quantity]) -> str:
    """The text without some spans of it."""
    for span in reversed(spans):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text


def _runs(typed: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The words, each with its neighbour; and longer runs with digits, which may be a code."""
    yield from zip(typed)
    yield from pairwise(typed)
    for length in range(3, _LONGEST_RUN + 1):
        for start in range(len(typed) - length + 1):
            run = tuple(typed[start : start + length])
            if any(letter.isdigit() for word in run for letter in word):
                yield run


def _enough_of(required: Sequence[Query]) -> list[Query]:
    return [_at_least(required, enough(len(required)))] if required else []


def any_of(queries: Sequence[Query]) -> Query:
    return (
        Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()
    )


def _at_least(queries: Sequence[Query], least: int) -> Query:
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=least
    )
