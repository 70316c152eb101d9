"""Corrects the unknown words of a clean query from the catalogue's own.

A word is only corrected if no product has it and it consists of letters. So every product can be
found by its own words. Only the first ten such words of a query are corrected, because each is
compared with many. Corrections that are not sure are offered (suggesting.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import OSA
from tantivy import Query

from services.retrieval.compounds import Compounds
from services.retrieval.near_words import NearWords
from services.retrieval.word_groups import all_of, any_of, enough
from shared.caller import PATIENT, Caller
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import IDENTIFIER, JOINED, MEASURE, NAMED, TEXT
from shared.text.function_words import function_words
from shared.text.language_words import is_of_another_language
from shared.text.letters import fold
from shared.text.quantities import is_unit
from shared.text.words import is_run

# Letters: shorter words are never corrected
_SHORTEST = 4
_SHORTEST_OTHER = 3  # of a word that a correction goes with
MOST_LOOKED_UP = 10  # words of a query
_CLEAR = 8  # letters of a word whose correction by one letter is clear
_CLEARLY_MORE = 4  # times as many products
WORD = re.compile(r"\w+")
_DOUBLED = re.compile(r"(\w)\1+")
_LETTERS = re.compile(r"[^\W\d_]+")


def is_correctable(word: str) -> bool:
    """Whether a word has letters alone, and enough of them, and is no unit ("volt")."""
    has_letters = len(word) >= _SHORTEST and _LETTERS.fullmatch(word) is not None
    return has_letters and not is_run(word) and not is_unit(fold(word))


def _is_long(word: str) -> bool:
    return len(word) >= _SHORTEST_OTHER and _LETTERS.fullmatch(word) is not None


@dataclass(frozen=True)
class Spelling:
    """Corrects the words of queries from the words of one catalogue."""

    index: LexicalIndex
    compounds: Compounds | None = None  # whose parts are known words
    encoder_words: frozenset[str] = frozenset()  # words, whether a product has them or not

    @property
    def near(self) -> NearWords:
        """The words of the catalogue."""
        return NearWords(self.index.vocabulary)

    def knows(self, query: str) -> bool:
        """Whether enough words of a query are known, to the catalogue or to the encoder.

        Codes and numbers are no words.
        """
        typed = [word for word in WORD.findall(query) if _is_long(word)]
        return bool(typed) and sum(map(self._is_word, typed)) >= enough(len(typed))

    def correct(self, query: str, caller: Caller = PATIENT, kept: Collection[str] = ()) -> str:
        """The query with its correctable words replaced. Other characters stay as they are.

        A correction must be together with another word of the query in some product, if the
        catalogue knows another; not if it is clear by itself ("kinnect", "battlefeild"). Folded
        words that are `kept` stay. Raises CallerLeft.
        """
        typed = WORD.findall(query)
        found = list(self._corrections(typed, caller, kept))
        together = [word for word in found if self.is_known(word)]
        corrected = (
            other if other == word or self._applies(word, other, together) else word
            for word, other in zip(typed, found, strict=True)
        )
        return WORD.sub(lambda _: next(corrected), query)

    def _corrections(self, typed: list[str], caller: Caller, kept: Collection[str]) -> Iterator[str]:
        looked_up = dict[str, str]()
        for place, word in enumerate(typed):
            caller.check()
            around = typed[max(0, place - 1) : place + 2]
            yield word if fold(word) in kept else self._corrected(word, around, looked_up)

    def _applies(self, word: str, corrected: str, together: list[str]) -> bool:
        """Whether a correction is clear, or some product has it and another word of the query."""
        if _is_clear(word, corrected):
            return True
        with_others = self.with_one_of(corrected, [word for word in together if word != corrected])
        if with_others is None or self.count(with_others) > 0:
            return True
        return self.near.is_the_only(corrected, fold(word))  # last, as it looks at many words

    def with_one_of(self, word: str, others: Sequence[str]) -> Query | None:
        """Finds what holds a word and one of the others. Short words and function words are none."""
        functional = function_words(" ".join(others), self.index.analysis.languages)
        counted = [each for each in others if len(each) >= _SHORTEST_OTHER and fold(each) not in functional]
        held = [self.holding(other) for other in counted]
        return all_of([self.holding(word), any_of(held)]) if held else None

    def holding(self, text: str) -> Query:
        """Finds what has a word of a text."""
        return self._having(self.index.words(text), TEXT, JOINED)

    def _having(self, terms: Sequence[str], *fields: str) -> Query:
        schema = self.index.schema
        held = [(field, term) for term in terms for field in fields if self.index.holds(field, term)]
        return any_of([Query.term_query(schema, field, term, "basic") for field, term in held])

    def _corrected(self, word: str, around: list[str], looked_up: dict[str, str]) -> str:
        """`looked_up` maps the query's words that no product has to their corrections so far."""
        if not is_correctable(word) or self._is_word(word) or self.is_joined(around):
            return word
        if is_of_another_language(fold(word)):
            return word
        if word not in looked_up and len(looked_up) < MOST_LOOKED_UP:
            looked_up[word] = self._correction(fold(word)) or word
        return looked_up.get(word, word)

    def _correction(self, word: str) -> str | None:
        nearest = self.near.nearest(word)
        if nearest is None:
            return self.in_one(word)
        return nearest if self._brings_more(nearest, word) else None

    def in_one(self, word: str) -> str | None:
        """Words of the catalogue that a folded word was joined of.

        Two of them are each in several products, or all are in one product's name.
        """
        if two := self.near.split(word):
            return two
        pieces = self.near.pieces(word, self._named_count)
        named = all_of([self._having(self.index.words(piece), NAMED) for piece in pieces])
        return " ".join(pieces) if pieces and self.count(named) else None

    def _named_count(self, word: str) -> int:
        """How many products have a folded word in their names."""
        frequency = self.index.searcher.doc_freq
        return max((frequency(NAMED, term) for term in self.index.words(word)), default=0)

    def _brings_more(self, nearest: str, word: str) -> bool:
        """Whether clearly more products hold the near word than the word finds otherwise."""
        found = self.found_otherwise(word)
        return not found or self.count(self.holding(nearest)) >= _CLEARLY_MORE * found

    def found_otherwise(self, word: str) -> int:
        """How many products a folded word that no text has finds as the name of an attribute, an
        id, or two words in one.
        """
        parts = self.near.split(word)
        otherwise = [self._having(self.index.words(word), MEASURE, IDENTIFIER)]
        otherwise += [all_of([self.holding(part) for part in parts.split()])] if parts else []
        return self.count(any_of(otherwise))

    def count(self, query: Query) -> int:
        """How many products a query finds."""
        return self.index.searcher.search(query, 1).count or 0

    def is_joined(self, around: Sequence[str]) -> bool:
        """Whether neighbours are a known word in two, such as "mac book" for "macbook"."""
        return any(self.is_known(first + second) for first, second in pairwise(around))

    def _is_word(self, word: str) -> bool:
        """Whether the catalogue has the word, or the encoder knows it."""
        return self.is_known(word) or fold(word) in self.encoder_words

    def is_known(self, word: str) -> bool:
        """Whether some product has a word, or it is of the catalogue's compounds."""
        return self.holds(word) or self._is_of_compounds(word)

    def holds(self, word: str) -> bool:
        """Whether some product has a word."""
        return any(map(self._holds, self.index.words(word)))

    def _holds(self, term: str) -> bool:
        return self.index.holds(TEXT, term) or self.index.holds(JOINED, term)

    def _is_of_compounds(self, word: str) -> bool:
        """Whether a known word ends in it ("Schere" in "Gartenschere"), or it joins two known
        words.
        """
        if self.compounds is None or not self.compounds.possible:
            return False
        if self.compounds.parts(fold(word), self._holds):
            return True
        ends = (end for term in self.index.words(word) for end in self.compounds.ending_in(term))
        return any(map(self._holds, ends))


def _is_clear(word: str, other: str) -> bool:
    """Whether words differ by doubled letters alone, or are long and differ by one letter."""
    if _DOUBLED.sub(r"\1", fold(word)) == _DOUBLED.sub(r"\1", other):
        return True
    return len(word) >= _CLEAR and OSA.distance(fold(word), other) == 1
