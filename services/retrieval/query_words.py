"""The words of a query, each with the index queries that match it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tantivy import Query

from services.retrieval.compounds import Compounds
from services.retrieval.query_terms import QueryTerms
from services.retrieval.synonyms import Synonyms
from services.retrieval.word_groups import WordGroups, all_of, any_of
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, MEASURE, NAMED, TEXT, false_term, lacking_term
from shared.text.function_words import function_words
from shared.text.letters import fold
from shared.text.negation import negations
from shared.text.numerals import other_numeral
from shared.text.quantities import quantities
from shared.text.spans import without
from shared.text.words import is_run, spelled, stretches, words

JOINED_BOOST = 0.5  # "tshirt" for "t-shirt"
LETTER_BOOST = 3.0  # a letter of a name, which weighs as a title does: "灯" for "台灯"
UNIT_BOOST = 0.5  # "4" and "gb" for "4gb"
ATTRIBUTE_BOOST = 0.25  # a numeric attribute, or the name of a true one
SYNONYM_BOOST = 0.9
COMPOUND_BOOST = 0.7  # "Holzschraube" for "Schraube"
_LONGEST_RUN = 4  # words that may be one code, if there are digits in them
_SHORTEST_JOINED = 2  # letters
_SHORTEST_PART = 4  # letters of a word that may be half of another
_LONGEST_SPLIT = 30
_CUT_IN_TWO = 3  # letters and digits by turns: "s22ultra"
_SHORTEST_BEGUN = 3  # letters of a word that is not finished

_SIDE_ENDS = re.compile(r"(?<=\d)x(?=\d)")
_NAMED_SIDES = re.compile(r"[^\W\d_]+\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)+")  # "m8x40"
_TURNS = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


class QueryWords:
    """The groups of one query: for each of its words, the index queries that match it."""

    def __init__(self, index: LexicalIndex, languages: Sequence[str], compounds: Compounds) -> None:
        self._index = index
        self._compounds = compounds
        self._languages = languages
        self.groups = WordGroups()
        self.terms = QueryTerms()

    def read(self, text: str, synonyms: Synonyms) -> None:
        """Add the words of a clean text."""
        folded = fold(text)
        measured = [each for each in quantities(folded) if self._index.holds(MEASURE, each.term)]
        for each in measured:
            self.groups.add((each.term,), self._term(MEASURE, each.term))
            self.terms.measures.add(each.term)
        rest = without(folded, measured)
        in_order = self._index.analysis.words(rest)
        typed = self._distinct(in_order)
        self.groups.typed = [each.term for each in measured] + typed
        self.groups.stretches = self.terms.stretches = stretches(rest, self._index.analysis.dictionaries)
        for word in typed:
            self._word(word)
        self._denied(folded, typed)
        for parts in _runs(typed):
            self._joined(parts)
        for word in typed:
            self._apart(word)
            self._compound(word)
            self._numeral(word)
        if typed:
            self._begun(typed[-1])
        self._add_synonyms(synonyms, rest, typed)

    def _add_synonyms(self, synonyms: Synonyms, text: str, typed: Sequence[str]) -> None:
        """Rules have pairs of letters where a dictionary may have other words."""
        if not synonyms.rules:
            return
        in_order = words(text)
        for found in synonyms.of(in_order, next(iter(self._languages), "")):
            phrase = self._words_of(in_order[found.start : found.end])
            stood_for = [each for word in phrase if (each := self._named_as(word, typed))]
            for other in found.others if stood_for else ():
                self._synonym(stood_for, self._words_of(other))

    def _words_of(self, phrase: Sequence[str]) -> Sequence[str]:
        """The words of a phrase, cut as those of the query."""
        analysis = self._index.analysis
        return analysis.words(spelled(phrase)) if analysis.dictionaries.languages else phrase

    def _begun(self, word: str) -> None:
        """Match by prefix if no product has the last word, which may be unfinished."""
        if word in self.groups or len(word) < _SHORTEST_BEGUN or not word.isalpha() or is_run(word):
            return
        if begun := self._index.begins(TEXT, word):
            self.groups.add((word,), begun)
            self.terms.begun = word

    def _named_as(self, word: str, typed: Sequence[str]) -> str:
        """The word of `typed` with the stem of a word; empty if there is none."""
        term = self._terms(word)[0]
        return next((each for each in typed if self._terms(each)[0] == term), "")

    def _synonym(self, stood_for: Sequence[str], other: Sequence[str]) -> None:
        """Match products with every word of another phrase."""
        held = [[self._term(TEXT, term) for term in self._terms(word) if self._known(term)] for word in other]
        if all(held):
            self.terms.together.append([self._terms(word) for word in other])
            whole = all_of([any_of(each) for each in held])
            self.groups.add(stood_for, Query.boost_query(whole, SYNONYM_BOOST))

    def _distinct(self, typed: Sequence[str]) -> list[str]:
        """The words without those of a stem that came before."""
        by_term = {self._terms(word)[0]: word for word in reversed(typed)}
        return list(by_term.values())[::-1]

    def _word(self, word: str) -> None:
        terms = self._terms(word)
        strong = [self._term(TEXT, term) for term in terms if self._index.holds(TEXT, term)]
        for query in strong:
            self.groups.add((word,), query)
        if strong:
            self.terms.add_word(word, terms)
        for term in terms:
            if self._index.holds(NAMED, term):
                self.groups.add_named(word, Query.term_query(self._index.schema, NAMED, term, "basic"))
        measured = [term for term in terms if self._index.holds(MEASURE, term)]
        self.terms.measures.update(measured)
        if weak := [self._term(MEASURE, term) for term in measured]:
            self.groups.add_weak(word, Query.boost_query(any_of(weak), ATTRIBUTE_BOOST), strong)
            self.groups.denied[word] = self._held_joined(map(false_term, terms))

    def _denied(self, folded: str, typed: Sequence[str]) -> None:
        """Products that say that they are without a word hold "without" and the word."""
        for denied in negations(folded):
            said = [word for word in words(folded[denied.start : denied.end]) if word in typed]
            lacking = map(lacking_term, self._index.words(denied.word, self._languages))
            for query in self._held_joined(lacking):
                self.groups.stand_for(said, query)
            for word in said:
                self.groups.denied.pop(word, None)

    def _held_joined(self, terms: Iterable[str]) -> list[Query]:
        return [self._term(JOINED, term) for term in terms if self._index.holds(JOINED, term)]

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
        for term in self._terms(whole)[:1]:
            if self._index.holds(JOINED, term):
                boost = LETTER_BOOST if is_letter else JOINED_BOOST
                self.groups.add(parts, Query.boost_query(self._term(JOINED, term), boost))
                self.terms.joined.add(term)
            if len(parts) > 1 and self._index.holds(TEXT, term):
                self.groups.add(parts, self._term(TEXT, term))
                self.terms.joined.add(term)
        if len(parts) > 1 and self._index.holds(MEASURE, whole):
            self.groups.add(parts, self._term(MEASURE, whole))
            self.terms.measures.add(whole)

    def _apart(self, word: str) -> None:
        """Parts of a word: "4gb" finds "4 GB", "s22ultra" "S22 Ultra", "m8x40" "M8 x 40"."""
        parts = _TURNS.findall(word)
        sides = [_SIDE_ENDS.split(word)] if _NAMED_SIDES.fullmatch(word) else []
        for cut in (*_cuts(parts), *sides):
            terms = [self._terms(part)[:1] for part in cut]
            if all(term and self._known(term[0]) for term in terms):
                self._both(word, [term[0] for term in terms])
                self.terms.beside.append(tuple(cut))

    def _compound(self, word: str) -> None:
        """Match compounds that end in the word, or products with all of its parts."""
        for term in self._terms(word):
            for longer in self._compounds.ending_in(term):
                if self._known(longer):
                    self.terms.joined.add(longer)
                    self.groups.add((word,), Query.boost_query(self._term(TEXT, longer), COMPOUND_BOOST))
        parts = self._compounds.parts(word, self._known)
        if not parts and word not in self.groups:
            parts = self._parts(word)
        if parts:
            self._both(word, parts)
            self.terms.together.append([[part] for part in parts])

    def _numeral(self, word: str) -> None:
        """Match Roman numerals: "2" finds "II". Swedish texts have "vi", we: it counts in names."""
        other = other_numeral(word)
        if other and self._known(other):
            field = NAMED if function_words(other, self._index.analysis.languages) else TEXT
            self.groups.add((word,), self._term(field, other))
            self.terms.joined.add(other)
            if self._index.holds(NAMED, other):
                self.groups.add_named(word, self._term(NAMED, other))

    def _parts(self, word: str) -> list[str]:
        """The terms of two words that an unknown word was made of."""
        cuts = [(word[:cut], word[cut:]) for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        for cut in cuts if len(word) <= _LONGEST_SPLIT and word.isalpha() and not is_run(word) else ():
            terms = [self._terms(part)[0] for part in cut]
            if all(map(self._known, terms)):
                return terms
        return []

    def _both(self, word: str, terms: Sequence[str]) -> None:
        queries = [self._term(TEXT, term) for term in terms]
        self.groups.stand_apart(word, all_of(queries))
        self.groups.scored += [Query.boost_query(query, UNIT_BOOST) for query in queries]

    def _known(self, term: str) -> bool:
        return self._index.holds(TEXT, term)

    def _terms(self, word: str) -> list[str]:
        """The terms of a word; one of a script without spaces is cut already."""
        return [word] if is_run(word) else self._index.words(word, self._languages)

    def _term(self, field: str, word: str) -> Query:
        return Query.term_query(self._index.schema, field, word, "freq")


def _cuts(parts: Sequence[str]) -> Iterator[list[str]]:
    """A word of letters and digits, in all of its parts and in two."""
    if len(parts) > 1:
        yield list(parts)
    for place in range(1, len(parts)) if len(parts) == _CUT_IN_TWO else ():
        yield ["".join(parts[:place]), "".join(parts[place:])]


def _runs(typed: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The words, each with its neighbour; and longer runs with digits, which may be a code."""
    yield from zip(typed)
    yield from pairwise(typed)
    for length in range(3, _LONGEST_RUN + 1):
        for start in range(len(typed) - length + 1):
            run = tuple(typed[start : start + length])
            if any(letter.isdigit() for word in run for letter in word):
                yield run
