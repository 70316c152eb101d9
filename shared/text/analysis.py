"""From a text to the terms of the word index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.text.cleaning import clean
from shared.text.detection import detected
from shared.text.dictionaries import NONE, Dictionaries
from shared.text.languages import ENGLISH, language_of
from shared.text.stemming import stem
from shared.text.words import words

_SHORT = 32  # letters; a query asks for each of its words many times
_REMEMBERED = 5_000  # short texts


@dataclass(frozen=True)
class Analysis:
    """The analysis of one catalogue's texts, by its languages."""

    languages: tuple[str, ...] = (ENGLISH,)  # ISO 639 codes
    dictionaries: Dictionaries = NONE  # that cut scripts without spaces; others are cut into pairs

    def terms(self, text: str, language: str = ENGLISH) -> list[str]:
        """The stemmed words of a text, in order and with repetitions."""
        return [stem(word, language) for word in self.words(clean(text))]

    def spellings(self, text: str, languages: Iterable[str] = ()) -> list[str]:
        """The distinct terms that a clean text has in the catalogue's languages, or in some."""
        among = tuple(each for each in languages if each in self.languages) or self.languages
        if len(text) > _SHORT:
            return _spellings(text, among, self.dictionaries)
        return list(_remembered(text, among, self.dictionaries))

    def words(self, text: str) -> list[str]:
        """The words of a clean text, folded, in order and with repetitions."""
        return words(text, self.dictionaries)

    def language(self, code: str, text: str) -> str:
        """The language of a product, by its own code if the catalogue has it, else as detected."""
        named = language_of(code)
        return named if named in self.languages else detected(text, self.languages)


def _spellings(text: str, languages: Iterable[str], dictionaries: Dictionaries) -> list[str]:
    found = words(text, dictionaries)
    return list(dict.fromkeys(stem(word, language) for word in found for language in languages))


@lru_cache(_REMEMBERED)
def _remembered(text: str, languages: tuple[str, ...], dictionaries: Dictionaries) -> tuple[str, ...]:
    return tuple(_spellings(text, languages, dictionaries))
