"""The terms of a query, by which its words are found again in the text of a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.retrieval.word_groups import enough
from shared.text.words import is_run


@dataclass
class QueryTerms:
    """What makes a product hold words of a query. Terms are stems in any of its languages."""

    words: dict[str, Sequence[str]] = field(default_factory=dict)  # each word, and its terms
    pairs: set[str] = field(default_factory=set)  # neighbouring letters, in scripts without spaces
    stretches: list[list[str]] = field(default_factory=list)  # the pairs of what may be a word
    joined: set[str] = field(default_factory=set)  # "macbook" for "mac book", and compounds
    measures: set[str] = field(default_factory=set)  # "8gb", "size46", and yes/no attributes
    # Each is a phrase that stands for words if a product holds all of it, such as a synonym: for
    # each word of it, its terms
    together: list[Sequence[Sequence[str]]] = field(default_factory=list)
    beside: list[tuple[str, ...]] = field(default_factory=list)  # "rtx", "3080" for "rtx3080"
    begun: str = ""  # a last word that is not finished
    codes: set[str] = field(default_factory=set)  # without separators
    begun_codes: set[str] = field(default_factory=set)

    def add_word(self, word: str, terms: Sequence[str]) -> None:
        """Add a word of the query."""
        if is_run(word):
            self.pairs.add(word)
        else:
            self.words[word] = terms

    def without(self, function_words: Iterable[str]) -> QueryTerms:
        """The terms without function words, which say nothing alone; all if there are no others."""
        needed = {word: terms for word, terms in self.words.items() if word not in function_words}
        if not needed and not self.pairs:
            return self
        self.words = needed
        return self

    def held(self, terms: set[str]) -> set[str]:
        """Which terms mark the words of a product that has `terms` in all of its text."""
        found = {term for spellings in self.words.values() for term in spellings} | self.joined
        for phrase in self.together:
            if all(not terms.isdisjoint(word) for word in phrase):
                found.update(term for word in phrase for term in word)
        for stretch in self.stretches:
            known = [pair for pair in stretch if pair in self.pairs]
            if sum(pair in terms for pair in known) >= enough(len(known)):
                found.update(known)
        return found & terms
