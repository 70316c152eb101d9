"""Compiles a shopper's text to a query of the lexical index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tantivy import Occur, Query

from shared.snapshot.lexical import IDENTIFIER, JOINED, TEXT, LexicalIndex, identifier, words_of

JOINED_BOOST = 0.5  # "tshirt" for "t-shirt"
UNIT_BOOST = 0.5  # "4" and "gb" for "4gb"
# Above the scores of words, so that the product with exactly this number is first
IDENTIFIER_SCORE = 30.0
UNSURE_IDENTIFIER_SCORE = 1.0

_QUANTITY = re.compile(r"(\d+)([a-z]{1,4})")
_FUNCTION_WORDS = frozenset(  # not needed for a match
    (
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    )
)


@dataclass(frozen=True)
class LexicalQuery:
    """A query in the terms of the index."""

    scored: Query  # any word, by BM25 over blended fields
    required: Query  # holds enough of the words to count as a match
    empty: bool  # no product has any of its words


@dataclass(frozen=True)
class QueryParser:
    """Compiles queries for one index."""

    index: LexicalIndex

    def parse(self, text: str) -> LexicalQuery:
        """Compile a query, which has no syntax."""
        words = self.index.words(text)
        groups = {word: [self._term(TEXT, word)] for word in words if self._known(TEXT, word)}
        scored = [query for queries in groups.values() for query in queries]
        scored += self._extras(text, groups)
        required = [any_of(queries) for word, queries in groups.items() if word not in _FUNCTION_WORDS]
        required = required or [any_of(queries) for queries in groups.values()]
        identifiers = self._identifiers(text)
        matching = [_at_least(required, enough(len(required))), *identifiers] if required else identifiers
        return LexicalQuery(any_of(scored + identifiers), any_of(matching), not scored and not identifiers)

    def _term(self, field: str, word: str) -> Query:
        return Query.term_query(self.index.schema, field, word, "freq")

    def _known(self, field: str, word: str) -> bool:
        return self.index.holds(field, word)

    def _extras(self, text: str, groups: dict[str, list[Query]]) -> list[Query]:
        """Other spellings of the query's words. Each is also added to the groups of its words.

        "mac book" finds "macbook", "t shirt" and "tshirt" find "t-shirt", "4gb" finds "4 GB".
        """
        words = words_of(text)
        extras: list[Query] = []
        for parts in [*zip(words), *pairwise(words)]:
            for query in self._in_one_word("".join(parts), groups):
                extras.append(query)
                self._stands_for(parts, query, groups)
        for word in words:
            extras += self._as_quantity(word, groups)
        return extras

    def _in_one_word(self, word: str, groups: dict[str, list[Query]]) -> list[Query]:
        indexed = self.index.words(word)
        if len(indexed) != 1 or len(word) < 4:
            return []
        found = [Query.boost_query(self._term(JOINED, indexed[0]), JOINED_BOOST)] * self._known(
            JOINED, indexed[0]
        )
        if indexed[0] not in groups and self._known(TEXT, indexed[0]):
            found.append(self._term(TEXT, indexed[0]))
        return found

    def _stands_for(self, parts: Sequence[str], query: Query, groups: dict[str, list[Query]]) -> None:
        for part in parts:
            for word in self.index.words(part):
                groups.setdefault(word, []).append(query)

    def _as_quantity(self, word: str, groups: dict[str, list[Query]]) -> list[Query]:
        quantity = _QUANTITY.fullmatch(word)
        parts = self.index.words(" ".join(quantity.groups())) if quantity else []
        if not parts or not all(self._known(TEXT, part) for part in parts):
            return []
        queries = [self._term(TEXT, part) for part in parts]
        both = Query.boolean_query([(Occur.Must, query) for query in queries])
        groups.setdefault(self.index.words(word)[0], []).append(both)
        return [Query.boost_query(query, UNIT_BOOST) for query in queries]

    def _identifiers(self, text: str) -> list[Query]:
        """Products whose id, stock-keeping unit or trade number equals a word of the query, or all
        of it.
        """
        numbers = {identifier(word): IDENTIFIER_SCORE for word in text.split() if _is_code(word)}
        numbers.setdefault(identifier(text), IDENTIFIER_SCORE if _is_code(text) else UNSURE_IDENTIFIER_SCORE)
        known = [
            (self._term(IDENTIFIER, number), score)
            for number, score in numbers.items()
            if self._known(IDENTIFIER, number)
        ]
        return [Query.const_score_query(query, score) for query, score in known]


def enough(words: int) -> int:
    """How many of a query's words a match holds: all of one or two, otherwise two thirds, rounded
    up.
    """
    return words - words // 3


def _is_code(word: str) -> bool:
    return len(word) >= 5 and any(letter.isdigit() for letter in word)


def any_of(queries: Sequence[Query]) -> Query:
    return (
        Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()
    )


def _at_least(queries: Sequence[Query], least: int) -> Query:
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=least
    )
