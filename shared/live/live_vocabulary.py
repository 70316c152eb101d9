"""The words of a snapshot and its delta, with current counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from shared.live.append_only import AppendOnly
from shared.snapshot.vocabulary import Vocabulary, letter_counts, nearest, spelled


class LiveVocabulary:
    """A Words that follows the catalogue.

    All searches share one state, because a newer count does no harm.
    """

    def __init__(self, base: Vocabulary) -> None:
        self._base = base
        self._change: Counter[str] = Counter()  # of each word's count
        self._new: list[str] = []
        self._letters = AppendOnly(np.uint8, 27)

    def add(self, names: Iterable[str]) -> None:
        """Count the words of a product's names."""
        for word in set(spelled(" ".join(names))):
            if word not in self._change and not self._base.knows(word):
                self._new.append(word)
                # After the word: a reader counts the letters
                self._letters.append(letter_counts([word])[0])
            self._change[word] += 1

    def remove(self, names: Iterable[str]) -> None:
        """Stop counting the old names of a product that was removed or renamed."""
        self._change.subtract(set(spelled(" ".join(names))))

    def all(self) -> Sequence[str]:
        """Every word, in no order."""
        return [*self._base.all(), *self._new]

    def count(self, word: str) -> int:
        """The number of products with a plain word in their names."""
        return self._base.count(word) + self._change.get(word, 0)

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """See Vocabulary.near."""
        found = [other for other, _ in self._base.near(word, distance)]
        letters = self._letters.upto(len(self._letters)).astype(np.int8)
        difference = np.abs(letters - letter_counts([word])[0].astype(np.int8)).sum(axis=1)
        found += [self._new[place] for place in nearest(difference, 2 * distance)]
        counted = ((other, self.count(other)) for other in found)
        return [(other, count) for other, count in counted if count > 0]
