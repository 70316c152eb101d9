"""The words of a query that a product holds, for display."""

import re
from collections.abc import Iterable
from itertools import pairwise

from shared.snapshot.lexical import LexicalIndex
from shared.snapshot.lexical_document import glued, joined
from shared.text.cleaning import clean
from shared.text.letters import fold
from shared.text.quantities import quantities

MAX_CHARACTERS_READ = 32_000  # of one product; its title and all of its description come first
_WORD = re.compile(r"\d+(?:[.,/]\d+)+|[^\W_]+")


class MatchedTerms:
    """One query, parsed once for all products of a page."""

    def __init__(self, index: LexicalIndex, query: str) -> None:
        self._index = index
        words = _WORD.findall(query.lower())
        self._indexed = {word: self._spellings(word) for word in words}
        self._pairs = [(pair, self._spellings("".join(pair))) for pair in pairwise(words)]

    def _spellings(self, word: str) -> list[frozenset[str]]:
        """The terms of a word in each of the catalogue's languages."""
        analysis = self._index.analysis
        return [frozenset(analysis.terms(word, language)) for language in analysis.languages]

    def of(self, texts: Iterable[str]) -> list[str]:
        """The words of the query that a product made of `texts` holds, as typed, in their order."""
        text = clean(" ".join(_read(texts)))
        others = [*joined(text), *glued(text), *(each.term for each in quantities(fold(text)))]
        held = set(self._index.words(text)) | set(self._index.words(" ".join(others)))
        by_pair = {word for pair, indexed in self._pairs if _held(indexed, held) for word in pair}
        return [word for word, indexed in self._indexed.items() if word in by_pair or _held(indexed, held)]


def _held(spellings: list[frozenset[str]], held: set[str]) -> bool:
    return any(terms and terms <= held for terms in spellings)


def _read(texts: Iterable[str]) -> Iterable[str]:
    """The texts, up to MAX_CHARACTERS_READ."""
    left = MAX_CHARACTERS_READ
    for text in texts:
        yield text[:left]
        left -= len(text)
        if left <= 0:
            return
