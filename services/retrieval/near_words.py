"""Words of the catalogue that another word may have been meant for.

Distances are Damerau's: an insertion, a deletion, a substitution, or a transposition of two
letters. All words are folded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from shared.snapshot.vocabulary import LONGEST_WORD, Words

_LONGEST_JOINED = 40  # letters
_SHORT = 2  # letters: the vocabulary has longer words alone
_TOO_MANY = 5  # pieces
_LONG = 8  # letters: such words may differ twice
_SEVERAL = 5  # products
_LEAST_ALONE = 6  # letters: shorter words are near to many names ("casio", "casino")
_RARE = 2  # a word two edits away must be in at least as many products

_Pieces = tuple[int, int, list[str]]  # their number, the rarest one's count below 0, and the words


@dataclass(frozen=True)
class NearWords:
    """Looks up words of one vocabulary."""

    vocabulary: Words

    def nearest(self, word: str) -> str | None:
        """The closest other word. Of several, one with the same start, then the most frequent."""
        found = [
            (distance, other[0] != word[0], -count, other) for other, distance, count in self._near(word)
        ]
        return min(found)[3] if found else None

    def is_the_only(self, other: str, word: str) -> bool:
        """Whether several products have a near word of another in their names, and no other is
        near. It starts alike, and is no short word.
        """
        if len(word) < _LEAST_ALONE or other[0] != word[0]:
            return False
        found = list(self._near(word))
        return [near for near, _, _ in found] == [other] and found[0][2] >= _SEVERAL

    def most_frequent(self, word: str) -> tuple[str, int] | None:
        """The near word that most products have in their names, and how many have it."""
        found = [(count, -distance, other) for other, distance, count in self._near(word)]
        if not found:
            return None
        count, _, other = max(found)
        return other, count

    def _near(self, word: str) -> Iterator[tuple[str, int, int]]:
        """Near words, each with its distance and its number of products."""
        farthest = 2 if len(word) >= _LONG else 1
        if len(word) > LONGEST_WORD + farthest:
            return
        counts = dict(self.vocabulary.near(word, farthest))
        near = process.extract(word, counts.keys(), scorer=OSA.distance, score_cutoff=farthest, limit=None)
        for other, distance, _ in near:
            count = counts[other]
            if distance == 1 or (distance == 2 and count >= _RARE and other[0] == word[0]):
                yield other, int(distance), count

    def split(self, word: str) -> str | None:
        """Two words of the catalogue that were joined.

        Of several pairs, the one whose rarer word is most common.
        """
        if len(word) > 2 * LONGEST_WORD:
            return None
        count = self.vocabulary.count
        cuts = [(word[:place], word[place:]) for place in range(3, len(word) - 2)]
        rarer, first, second = max(((min(count(a), count(b)), a, b) for a, b in cuts), default=(0, "", ""))
        return f"{first} {second}" if rarer >= _RARE else None

    def pieces(self, word: str, short_count: Callable[[str], int] = lambda short: 0) -> list[str]:
        """The fewest words of the catalogue that were joined, at most four; empty for none.

        Of as many, those whose rarest word is most common. Between others there may be a word of
        two letters ("houseofcards"); `short_count` knows how many products have it.
        """
        if len(word) > _LONGEST_JOINED:
            return []
        best: list[_Pieces] = [(0, -sys.maxsize, [])]  # up to each letter
        for end in range(1, len(word) + 1):
            within = short_count if end < len(word) else None
            ending = (self._longer(best[start], word[start:end], within) for start in range(end))
            best.append(min(filter(None, ending), default=(_TOO_MANY, 0, [])))
        return best[-1][2]

    def _longer(
        self, before: _Pieces, piece: str, short_count: Callable[[str], int] | None
    ) -> _Pieces | None:
        """Pieces with one more; None if that is no word, or one too many."""
        pieces, rarest, words = before
        if len(piece) < _SHORT or pieces + 1 >= _TOO_MANY:
            return None
        if len(piece) > _SHORT:
            count = self.vocabulary.count(piece)
        else:
            count = short_count(piece) if words and short_count else 0
        return (pieces + 1, max(rarest, -count), [*words, piece]) if count else None
