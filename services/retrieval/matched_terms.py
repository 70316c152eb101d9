"""The words of a query that a product holds, for display."""

from collections.abc import Iterable
from itertools import pairwise

from shared.snapshot.lexical import LexicalIndex, joined, words_of

MAX_CHARACTERS_READ = 32_000  # of one product; its title and all of its description come first


class MatchedTerms:
    """One query, parsed once for all products of a page."""

    def __init__(self, index: LexicalIndex, query: str) -> None:
        words = words_of(query)
        self._index = index
        self._indexed = {word: frozenset(index.words(word)) for word in words}
        self._pairs = [(pair, frozenset(index.words("".join(pair)))) for pair in pairwise(words)]

    def of(self, texts: Iterable[str]) -> list[str]:
        """The words of the query that a product made of `texts` holds, as typed, in their order."""
        text = " ".join(_read(texts))
        held = set(self._index.words(text)) | set(self._index.words(" ".join(joined(text))))
        by_pair = {word for pair, indexed in self._pairs if _held(indexed, held) for word in pair}
        return [word for word, indexed in self._indexed.items() if word in by_pair or _held(indexed, held)]


def _held(indexed: frozenset[str], held: set[str]) -> bool:
    return bool(indexed) and indexed <= held


def _read(texts: Iterable[str]) -> Iterable[str]:
    """The texts, up to MAX_CHARACTERS_READ."""
    left = MAX_CHARACTERS_READ
    for text in texts:
        yield text[:left]
        left -= len(text)
        if left <= 0:
            return
