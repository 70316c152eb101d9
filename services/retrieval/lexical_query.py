"""Compiles a shopper's text to a query of the lexical index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tantivy import Occur, Query

from services.retrieval.code_query import CodeQuery
from services.retrieval.word_groups import WordGroups
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, MEASURE, TEXT
from shared.text.cleaning import clean
from shared.text.folding import fold
from shared.text.quantities import Quantity, quantities
from shared.text.words import words

JOINED_BOOST = 0.5  # "tshirt" for "t-shirt"
UNIT_BOOST = 0.5  # "4" and "gb" for "4gb"
NUMBER_BOOST = 0.5  # a number that is the value of an attribute
_LONGEST_RUN = 4  # words that may be one code, if there are digits in them
_SHORTEST_JOINED = 2  # letters

_TURNS = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_FUNCTION_WORDS = frozenset(  # not needed for a match
    "a an and are as at by for from in is it of on or the to with".split()
)


@dataclass(frozen=True)
class LexicalQuery:
    """A query in the terms of the index."""

    scored: Query  # any word, by BM25 over blended fields
    required: Query  # holds enough of the words to count as a match
    empty: bool  # no product has any of its words
    pinned: Query | None = None  # products whose code is in the query: they come first
    is_code: bool = False  # the query is a code and nothing else


@dataclass(frozen=True)
class QueryParser:
    """Compiles queries for one index."""

    index: LexicalIndex

    def parse(self, text: str, languages: Sequence[str] = ()) -> LexicalQuery:
        """Compile a query, which has no syntax.

        Its words are those of the catalogue's languages, or of some of them.
        """
        reading = _Reading(self.index, languages)
        reading.read(text)
        codes = CodeQuery.of(self.index, text)
        codes.join(reading.groups)
        required = reading.groups.required(_FUNCTION_WORDS)
        matching = [_at_least(required, enough(len(required)))] if required else []
        scored = [*reading.groups.scored, *codes.scored]
        return LexicalQuery(
            any_of(scored),
            any_of([*matching, *codes.matching]),
            not scored,
            any_of(codes.first) if codes.first else None,
            codes.is_all,
        )


class _Reading:
    """The groups of one query: for each of its words, what stands for it."""

    def __init__(self, index: LexicalIndex, languages: Sequence[str]) -> None:
        self._index = index
        self._languages = languages
        self.groups = WordGroups()

    def read(self, text: str) -> None:
        folded = fold(clean(text))
        measured = [each for each in quantities(folded) if self._index.holds(MEASURE, each.term)]
        for each in measured:
            self.groups.add((each.term,), self._term(MEASURE, each.term))
        typed = self._distinct(words(_without(folded, measured)))
        for word in typed:
            self._word(word)
        for parts in _runs(typed):
            self._joined(parts)
        for word in typed:
            self._apart(word)

    def _distinct(self, typed: Sequence[str]) -> list[str]:
        """The words without those of a stem that came before."""
        by_term = {self._index.words(word, self._languages)[0]: word for word in reversed(typed)}
        return list(by_term.values())[::-1]

    def _word(self, word: str) -> None:
        for term in self._index.words(word, self._languages):
            if self._index.holds(TEXT, term):
                self.groups.add((word,), self._term(TEXT, term))
        if word[0].isdigit() and self._index.holds(MEASURE, word):
            self.groups.add((word,), Query.boost_query(self._term(MEASURE, word), NUMBER_BOOST))

    def _joined(self, parts: Sequence[str]) -> None:
        """Other spellings in one word, each added to the groups of its words.

        "mac book" finds "macbook", "t shirt" and "tshirt" find "t-shirt".
        """
        whole = "".join(parts)
        if len(whole) < _SHORTEST_JOINED:
            return
        for term in self._index.words(whole, self._languages)[:1]:
            if self._index.holds(JOINED, term):
                self.groups.add(parts, Query.boost_query(self._term(JOINED, term), JOINED_BOOST))
            if len(parts) > 1 and self._index.holds(TEXT, term):
                self.groups.add(parts, self._term(TEXT, term))
        if len(parts) > 1 and self._index.holds(MEASURE, whole):
            self.groups.add(parts, self._term(MEASURE, whole))

    def _apart(self, word: str) -> None:
        """Two parts of a word: "rtx3080" finds "RTX 3080", "4gb" finds "4 GB"."""
        parts = _TURNS.findall(word)
        terms = [self._index.words(part, self._languages)[:1] for part in parts]
        known = [term[0] for term in terms if term and self._index.holds(TEXT, term[0])]
        if len(parts) < 2 or len(known) < len(parts):
            return
        queries = [self._term(TEXT, term) for term in known]
        both = Query.boolean_query([(Occur.Must, query) for query in queries])
        self.groups.stand_for((word,), both)
        self.groups.scored += [Query.boost_query(query, UNIT_BOOST) for query in queries]

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


def enough(words: int) -> int:
    """How many of a query's words a match holds: all of one or two, otherwise two thirds, rounded
    up.
    """
    return words - words // 3


def any_of(queries: Sequence[Query]) -> Query:
    return (
        Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()
    )


def _at_least(queries: Sequence[Query], least: int) -> Query:
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=least
    )
