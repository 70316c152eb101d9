"""Compiles a shopper's text to a query of the lexical index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tantivy import Query

from services.retrieval.code_query import CodeQuery
from services.retrieval.compounds import Compounds
from services.retrieval.query_terms import QueryTerms
from services.retrieval.query_words import QueryWords
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from services.retrieval.word_groups import WordGroups, any_of, at_least, enough
from shared.snapshot.lexical import LexicalIndex
from shared.text.function_words import function_words


@dataclass(frozen=True)
class LexicalQuery:
    """A query in the terms of the index."""

    scored: Query  # any word, by BM25 over blended fields
    required: Query  # holds enough of the words to count as a match
    # Holds enough of them by its texts, not by attributes alone; None: the same
    strong: Query | None
    empty: bool  # no product has any of its words
    pinned: Query | None = None  # products whose code is in the query: they come first
    is_code: bool = False  # the query is a code and nothing else
    numbers: Query | None = None  # holds every word with a digit
    half: Query | None = None  # holds at least half of the words
    named: Query | None = None  # holds every word where it says what it is
    by_code: bool = False  # a code of the query is enough for a match
    groups: WordGroups = field(default_factory=WordGroups)
    function_words: frozenset[str] = frozenset()
    denied: Query | None = None  # says no to an attribute that the query names


@dataclass(frozen=True)
class QueryParser:
    """Compiles queries for one index."""

    index: LexicalIndex
    compounds: Compounds

    def parse(
        self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS
    ) -> LexicalQuery:
        """Compile a clean query, which has no syntax.

        Its words are those of the catalogue's languages, or of some of them.
        """
        found, codes, unneeded = self._read(text, languages, synonyms)
        groups = found.groups
        required, strong = _required(codes, groups, unneeded)
        scored = [*groups.scored, *codes.scored]
        return LexicalQuery(
            any_of(scored),
            any_of([*_enough_of(required), *codes.matching]),
            None if groups.are_strong else any_of([*_enough_of(strong), *codes.matching]),
            not scored,
            any_of(codes.first) if codes.first else None,
            codes.is_all,
            groups.numbers(),
            at_least(required, (len(required) + 1) // 2) if required else None,
            groups.named(unneeded),
            bool(codes.matching),
            groups,
            unneeded,
            groups.denying(),
        )

    def terms(self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS) -> QueryTerms:
        """The terms of a clean query that mark words of products; see `parse`."""
        found, codes, unneeded = self._read(text, languages, synonyms)
        terms = found.terms
        terms.codes |= codes.codes
        terms.begun_codes |= codes.begun
        return terms.without(unneeded)

    def single(
        self, text: str, languages: Sequence[str] = (), synonyms: Synonyms = NO_SYNONYMS
    ) -> list[tuple[str, Query]]:
        """Each word that counts, with the query for what holds it; see `parse`."""
        found, codes, unneeded = self._read(text, languages, synonyms)
        if codes.begins or codes.is_all:
            return [(text, any_of(codes.matching))]
        return found.groups.single(unneeded)

    def _read(
        self, text: str, languages: Sequence[str], synonyms: Synonyms
    ) -> tuple[QueryWords, CodeQuery, frozenset[str]]:
        """The words of a query, its codes, and which of the words are function words."""
        found = QueryWords(self.index, languages, self.compounds)
        found.read(text, synonyms)
        codes = CodeQuery.of(self.index, text)
        codes.join(found.groups)
        return found, codes, function_words(text, languages or self.index.analysis.languages)


def _required(
    codes: CodeQuery, groups: WordGroups, unneeded: frozenset[str]
) -> tuple[list[Query], list[Query]]:
    """What a match holds enough of, and by its texts if that is something else."""
    if codes.begins:  # the words that a part of a code is cut into say nothing by themselves
        return [], []
    strong = [] if groups.are_strong else groups.required(unneeded, strong=True)
    return groups.required(unneeded, strong=False), strong


def _enough_of(required: Sequence[Query]) -> list[Query]:
    return [at_least(required, enough(len(required)))] if required else []
