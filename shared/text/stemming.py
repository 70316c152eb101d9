"""Stems words, by the stemmers of tantivy (Snowball)."""

from __future__ import annotations

import re
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from shared.text.languages import ENGLISH, STEMMERS

_ABBREVIATIONS = re.compile(r"[bcdfghjklmnpqrtvwxyz]{2,4}s")  # "TVs", whose plural Snowball keeps
# Feminine forms that Snowball keeps apart from the masculine, by their folded singular
_FRENCH = {
    "basse": "bas",
    "belle": "beau",
    "blanche": "blanc",
    "douce": "doux",
    "epaisse": "epais",
    "fraiche": "frais",
    "grosse": "gros",
    "longue": "long",
    "neuve": "neuf",
    "rousse": "roux",
    "seche": "sec",
    "vieille": "vieux",
}
_WITHOUT_E = re.compile(r"[bdgkt]l")  # "dunkl" of "dunkle"
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
        self._language = language

    def __missing__(self, word: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        stems = self._stemmer.analyze(self._before(word))
        self[word] = self._after(word, stems[0]) if stems and stems[0] else word
        return self[word]

    def _before(self, word: str) -> str:
        """French feminines as their masculine: "blanche" is "blanc", "sportive" is "sportif"."""
        if self._language != "fr":
            return word
        singular = word.removesuffix("s")
        return f"{singular[:-2]}f" if singular.endswith("ive") else _FRENCH.get(singular, word)

    def _after(self, word: str, stem: str) -> str:
        """German "dunkle" has the stem of "dunkel", Spanish "luces" that of "luz"."""
        if self._language == "de" and _WITHOUT_E.fullmatch(stem[-2:]):
            return f"{stem[:-1]}el"
        if self._language == "es" and word.endswith(("ce", "ces")) and stem.endswith("c"):
            return f"{stem[:-1]}z"
        return stem


@cache
def _stems(language: str) -> _Stems:
    return _Stems(language)


@cache
def _stemmer(name: str) -> TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(name)).build()
