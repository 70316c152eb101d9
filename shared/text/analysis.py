"""From a text to the terms of the word index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.text.cleaning import clean
from shared.text.detection import detected
from shared.text.dictionaries import NONE, Dictionaries
from shared.text.languages import ENGLISH, language_of
from shared.text.stemming import stem
from shared.text.words import words


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
        found = self.words(text)
        among = [each for each in languages if each in self.languages] or self.languages
        return list(dict.fromkeys(stem(word, language) for word in found for language in among))

    def words(self, text: str) -> list[str]:
        """The words of a clean text, folded, in order and with repetitions."""
        return words(text, self.dictionaries)

    def language(self, code: str, text: str) -> str:
        """The language of a product, by its own code if the catalogue has it, else as detected."""
        named = language_of(code)
        return named if named in self.languages else detected(text, self.languages)
