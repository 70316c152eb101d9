"""Corrects the unknown words of a clean query from the catalogue's own.

A word is only corrected if no product has it and it consists of letters. So every product can be
found by its own words. Only the first ten such words of a query are corrected, because each is
compared with many. Distances are Damerau's: an insertion, a deletion, a substitution, or a
transposition of two letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA
from tantivy import Query

from services.retrieval.compounds import Compounds
from services.retrieval.word_groups import all_of, any_of, enough
from shared.caller import PATIENT, Caller
from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import JOINED, TEXT
from shared.snapshot.vocabulary import LONGEST_WORD
from shared.text.language_words import is_of_another_language
from shared.text.letters import fold
from shared.text.words import is_run

# Letters: shorter words are never corrected, longer ones may differ twice
_SHORTEST = 4
_SHORTEST_OTHER = 3  # of a word that a correction goes with
_LONG = 8
_MOST_LOOKED_UP = 10  # words of a query
_RARE = 2  # a word two edits away must be in at least as many products
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")


def _is_long(word: str) -> bool:
    return len(word) >= _SHORTEST_OTHER and _LETTERS.fullmatch(word) is not None


@dataclass(frozen=True)
class Spelling:
    """Corrects the words of queries from the words of one catalogue."""

    index: LexicalIndex
    compounds: Compounds | None = None  # whose parts are known words
    encoder_words: frozenset[str] = frozenset()  # words, whether a product has them or not

    def knows(self, query: str) -> bool:
        """Whether enough words of a query are known, to the catalogue or to the encoder.

        Codes and numbers are no words.
        """
        typed = [word for word in _WORD.findall(query) if _is_long(word)]
        return bool(typed) and sum(map(self._is_word, typed)) >= enough(len(typed))

    def correct(self, query: str, caller: Caller = PATIENT) -> str:
        """The query with its correctable words replaced. Other characters stay as they are.

        A correction must be together with another word of the query in some product, if the
        catalogue knows another. Raises CallerLeft.
        """
        words = list(_WORD.finditer(query))
        typed = [match[0] for match in words]
        found = list(self._corrections(typed, caller))
        together = [word for word in found if self._known(word)]
        corrected = []
        end = 0
        for match, word in zip(words, found, strict=True):
            kept = word == match[0] or not self._goes_with(word, together)
            corrected += [query[end : match.start()], match[0] if kept else word]
            end = match.end()
        return "".join([*corrected, query[end:]])

    def _corrections(self, typed: list[str], caller: Caller) -> Iterator[str]:
        looked_up = dict[str, str]()
        for place, word in enumerate(typed):
            caller.check()
            around = typed[max(0, place - 1) : place + 2]
            yield self._corrected(word, around, looked_up)

    def _goes_with(self, corrected: str, together: list[str]) -> bool:
        """Whether some product has a correction and another word of the query."""
        own = self._holding(corrected)
        others = [
            self._holding(word) for word in together if word != corrected and len(word) >= _SHORTEST_OTHER
        ]
        if not others:
            return True
        together_with = all_of([own, any_of(others)])
        return bool(self.index.searcher.search(together_with, 1, count=False).hits)

    def _holding(self, text: str) -> Query:
        """Finds what has a word of a text."""
        schema = self.index.schema
        terms = self.index.words(text)
        return any_of(
            [Query.term_query(schema, field, term, "basic") for term in terms for field in (TEXT, JOINED)]
        )

    def _corrected(self, word: str, around: list[str], looked_up: dict[str, str]) -> str:
        """`looked_up` maps the query's words that no product has to their corrections so far."""
        if len(word) < _SHORTEST or not _LETTERS.fullmatch(word) or is_run(word):
            return word
        if self._is_word(word) or is_of_another_language(fold(word)):
            return word
        # "mac book" for "macbook"
        if any(self._known(first + second) for first, second in pairwise(around)):
            return word
        if word not in looked_up and len(looked_up) < _MOST_LOOKED_UP:
            looked_up[word] = self._nearest(fold(word)) or self._split(fold(word)) or word
        return looked_up.get(word, word)

    def _is_word(self, word: str) -> bool:
        """Whether the catalogue has the word, or the encoder knows it."""
        return self._known(word) or fold(word) in self.encoder_words

    def _known(self, word: str) -> bool:
        return any(map(self._holds, self.index.words(word))) or self._is_of_compounds(word)

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

    def _nearest(self, word: str) -> str | None:
        """The closest word. Of several, one with the same start, then the most frequent."""
        farthest = 2 if len(word) >= _LONG else 1
        if len(word) > LONGEST_WORD + farthest:
            return None
        counts = dict(self.index.vocabulary.near(word, farthest))
        near = process.extract(word, counts.keys(), scorer=OSA.distance, score_cutoff=farthest, limit=None)
        found = [
            (distance, other[0] != word[0], -counts[other], other)
            for other, distance, _ in near
            if distance == 1 or (distance == 2 and counts[other] >= _RARE and other[0] == word[0])
        ]
        return min(found)[3] if found else None

    def _split(self, word: str) -> str | None:
        """Two words of the catalogue that were joined.

        Of several pairs, the one whose rarer word is most common.
        """
        if len(word) > 2 * LONGEST_WORD:
            return None
        count = self.index.vocabulary.count
        cuts = [(word[:place], word[place:]) for place in range(3, len(word) - 2)]
        rarer, first, second = max(((min(count(a), count(b)), a, b) for a, b in cuts), default=(0, "", ""))
        return f"{first} {second}" if rarer >= _RARE else None
