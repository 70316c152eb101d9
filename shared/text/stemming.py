"""Stems words, by the stemmers of tantivy (Snowball)."""

from __future__ import annotations

import re
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from shared.text.languages import ENGLISH, STEMMERS

_ABBREVIATIONS = re.compile(r"[bcdfghjklmnpqrtvwxyz]{2,4}s")  # "TVs", whose plural Snowball keeps
_REMEMBERED = 200_000  # words a language, some 20 MB


def stem(word: str, language: str) -> str:
    """The stem of a folded word. Words of languages without a stemmer stay as they are."""
    if language not in STEMMERS:
        return word
    if language == ENGLISH and _ABBREVIATIONS.fullmatch(word):
        return word[:-1]
    return _stems(language)[word]


class _Stems(dict[str, str]):
    """The stems of the words that were seen last."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._stemmer = _stemmer(STEMMERS[language])

    def __missing__(self, word: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        stems = self._stemmer.analyze(word)
        self[word] = stems[0] if stems and stems[0] else word
        return self[word]


@cache
def _stems(language: str) -> _Stems:
    return _Stems(language)


@cache
def _stemmer(name: str) -> TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(name)).build()
