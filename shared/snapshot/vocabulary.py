"""The words of titles, brands and categories with their frequencies, for spelling correction.

words.txt      one word a line, the shortest first, then alphabetically
counts.npy     int32 (n,): the number of products with the word in their names
letters.npy    uint8 (n, 27): how often the word has each of a-z, and other letters
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.arrays import load
from shared.text.cleaning import clean
from shared.text.letters import fold
from shared.text.words import is_run

LONGEST_WORD = 30  # letters
MAX_WORDS = 200_000  # the most frequent words; their matrix of letters has 5 MB
_LETTERS = re.compile(rf"[^\W\d_]{{3,{LONGEST_WORD}}}(?!\w)")
_WORD = re.compile(r"\w+")
_MAX_NEAR = 5_000  # candidate words that are compared exactly


def spelled(text: str) -> list[str]:
    """The folded words of a text as the vocabulary has them: letters only, 3 to 30 of them."""
    found = _WORD.findall(fold(clean(text)))
    return [word for word in found if _LETTERS.fullmatch(word) and not is_run(word)]


def letter_counts(words: Sequence[str]) -> NDArray[np.uint8]:
    """The counts (n, 27) of a-z and of all other letters."""
    counts = np.zeros((len(words), 27), np.uint8)
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.int64) - ord("a")
    rows = np.repeat(np.arange(len(words)), [len(word) for word in words])
    np.add.at(counts, (rows, np.where((codes >= 0) & (codes < 26), codes, 26)), 1)
    return counts


def nearest(differences: NDArray[np.integer[Any]], most: int) -> NDArray[np.intp]:
    """The indexes of differences (n,) of at most `most`.

    If there are very many, those of the smallest.
    """
    places = np.flatnonzero(differences <= most)
    if len(places) <= _MAX_NEAR:
        return places
    return np.sort(places[np.argsort(differences[places], kind="stable")[:_MAX_NEAR]])


class VocabularyWriter:
    """Counts words. Memory grows only with the number of distinct words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[str] = Counter()

    def add(self, names: Iterable[str]) -> None:
        """Count the words of one product's names."""
        self._counts.update(set(spelled(" ".join(names))))

    def finish(self) -> None:
        """Write the files."""
        words = sorted(
            (word for word, _ in self._counts.most_common(MAX_WORDS)),
            key=lambda word: (len(word), word),
        )
        (self._folder / "words.txt").write_text("\n".join(words), encoding="utf-8")
        np.save(self._folder / "counts.npy", np.array([self._counts[word] for word in words], np.int32))
        np.save(self._folder / "letters.npy", letter_counts(words))


class Words(Protocol):
    """The catalogue's own words."""

    def all(self) -> Sequence[str]:
        """Every word, in no order."""

    def count(self, word: str) -> int:
        """The number of products with a folded word in their names."""

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """Words that may be `distance` edits away from a folded word, with their counts.

        This is a superset, to be checked.
        """


class Vocabulary:
    """The words, looked up by word and by letters."""

    def __init__(self, words: list[str], counts: NDArray[np.int32], letters: NDArray[np.uint8]) -> None:
        self.words = words
        self.counts = counts
        self.letters = letters
        self.lengths = np.array([len(word) for word in words], np.int32)
        self._place = {word: place for place, word in enumerate(words)}

    @classmethod
    def open(cls, folder: Path) -> Vocabulary:
        """Read the files of VocabularyWriter."""
        words = (folder / "words.txt").read_text(encoding="utf-8").split("\n")
        counts = load(folder / "counts.npy")
        letters = load(folder / "letters.npy", mmap_mode="r")
        return cls(words if len(counts) else [], counts, letters)

    def all(self) -> Sequence[str]:
        """Every word, in no order."""
        return self.words

    def knows(self, word: str) -> bool:
        """Whether a folded word is in the vocabulary."""
        return word in self._place

    def count(self, word: str) -> int:
        """The number of products with a folded word in their names."""
        place = self._place.get(word)
        return 0 if place is None else int(self.counts[place])

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """Words that may be `distance` edits away from a folded word, with their counts.

        This is a superset, to be checked. An edit changes the count of at most two letters, and the
        length by at most one. If there are too many words, which no language has, the most similar
        are returned.
        """
        low, high = np.searchsorted(self.lengths, [len(word) - distance, len(word) + distance + 1])
        difference = np.abs(self.letters[low:high].astype(np.int8) - letter_counts([word]).astype(np.int8))
        places = low + nearest(difference.sum(axis=1), 2 * distance)
        return [(self.words[place], int(self.counts[place])) for place in places]
