"""Compounds: words that German, Dutch and the Nordic languages write in one.

They are found by the catalogue's own words. "Schraube" finds "Holzschrauben", which ends in it, and
"Gartenschlauch" what holds both "Garten" and "Schlauch".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from shared.text.languages import COMPOUNDING
from shared.text.stemming import stem

SHORTEST_HEAD = 4  # letters
SHORTEST_FIRST = 3
MOST = 30  # compounds of one head
_ENDINGS = (
    "",
    "e",
    "en",
    "n",
    "er",
    "ern",
    "es",
    "s",
    "em",
    "a",
    "ar",
    "or",
    "et",
    "na",
    "k",
    "ok",
)  # of heads
_LINKS = ("", "s", "es", "n", "en", "er", "e")  # between the parts


@dataclass(frozen=True)
class Compounds:
    """The compounds of one snapshot; none where no language of it writes words in one.

    Later writes keep those of their snapshot: a word that is new since is no compound before the
    next one.
    """

    words: Callable[[], Sequence[str]]  # of the vocabulary, folded
    languages: tuple[str, ...]

    @property
    def possible(self) -> bool:
        return bool(self._compounding)

    def ending_in(self, term: str) -> list[str]:
        """The terms of words that end in a word of a term as their head, at most 30."""
        if not self.possible or len(term) < SHORTEST_HEAD:
            return []
        found = (
            stem(word, language)
            for language in self._compounding
            for ending in _ENDINGS
            if stem(head := f"{term}{ending}", language) == term
            for word in self._ending(head)
            if len(word) >= len(head) + SHORTEST_FIRST
        )
        return list(islice(dict.fromkeys(found), MOST))

    def parts(self, word: str, known: Callable[[str], bool]) -> list[str]:
        """The terms of the two parts of a folded word; empty if it has none that are `known`."""
        if not self.possible:
            return []
        for cut in range(len(word) - SHORTEST_HEAD, SHORTEST_FIRST - 1, -1):
            head = self._known_form(word[cut:], known)
            first = head and self._first(word[:cut], known)
            if head and first:
                return [first, head]
        return []

    def _first(self, start: str, known: Callable[[str], bool]) -> str:
        ends = [len(start) - len(link) for link in _LINKS if start.endswith(link)]
        forms = (self._known_form(start[:end], known) for end in ends if end >= SHORTEST_FIRST)
        return next((form for form in forms if form), "")

    def _known_form(self, word: str, known: Callable[[str], bool]) -> str:
        return next((term for each in self._compounding if known(term := stem(word, each))), "")

    def _ending(self, head: str) -> Iterator[str]:
        backwards = head[::-1]
        at = bisect_left(self._reversed, backwards)
        while at < len(self._reversed) and self._reversed[at].startswith(backwards):
            yield self._reversed[at][::-1]
            at += 1

    @cached_property
    def _compounding(self) -> list[str]:
        return [each for each in self.languages if each in COMPOUNDING]

    @cached_property
    def _reversed(self) -> list[str]:
        """The words of the vocabulary, each backwards, in order.

        Not their stems: "Gartenschere" is stemmed to "gartensch", "Schere" to "scher".
        """
        return sorted(word[::-1] for word in self.words())
