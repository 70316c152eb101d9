"""Words of a query that are in a product, for a person to read."""

from collections.abc import Iterable
from itertools import pairwise

from shared.snapshot.lexical import LexicalIndex, joined, words_of


def matched_terms(index: LexicalIndex, query: str, texts: Iterable[str]) -> list[str]:
    """The words of `query` that a product made of `texts` holds, as typed, in their order."""
    text = " ".join(texts)
    held = set(index.words(text)) | set(index.words(" ".join(joined(text))))
    words = words_of(query)
    by_pair = {word for pair in pairwise(words) if _held(index, "".join(pair), held) for word in pair}
    return [word for word in dict.fromkeys(words) if word in by_pair or _held(index, word, held)]


def _held(index: LexicalIndex, word: str, held: set[str]) -> bool:
    indexed = index.words(word)
    return bool(indexed) and held.issuperset(indexed)
