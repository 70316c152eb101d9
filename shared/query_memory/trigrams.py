"""How alike queries are in spelling: the cosine of their sets of letter trigrams."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LETTERS = 3
_EDGE = " "  # added at both ends of a query, so that its first and last letters count


class Trigrams:
    """An inverted index over n texts. Fast because few texts share a trigram."""

    def __init__(self, texts: Sequence[str]) -> None:
        postings: dict[str, list[int]] = defaultdict(list)
        lengths = np.zeros(len(texts), np.float32)
        for place, text in enumerate(texts):
            grams = trigrams(text)
            lengths[place] = len(grams)
            for gram in grams:
                postings[gram].append(place)
        self._postings = {gram: np.array(places, np.int64) for gram, places in postings.items()}
        self._norms = np.sqrt(np.maximum(lengths, 1.0))

    def similarities(self, text: str) -> NDArray[np.float32]:
        """(n,), from 0 to 1; all 0 for an empty text."""
        grams = trigrams(text)
        found = [self._postings[gram] for gram in grams if gram in self._postings]
        if not found:
            return np.zeros(len(self._norms), np.float32)
        shared = np.bincount(np.concatenate(found), minlength=len(self._norms))
        cosines: NDArray[np.float32] = (shared / (self._norms * len(grams) ** 0.5)).astype(np.float32)
        return cosines


def trigrams(text: str) -> set[str]:
    """The distinct trigrams of a text with an edge on either side."""
    if not text:
        return set()
    edged = f"{_EDGE}{text}{_EDGE}"
    return {edged[start : start + _LETTERS] for start in range(len(edged) - _LETTERS + 1)}
