"""Detects the language of products that do not name theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from shared.text.languages import ENGLISH, STEMMERS, in_order

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SAMPLE = 1_000  # products whose languages stand for those of a catalogue
_SURE = 0.95  # one such product brings its language into the catalogue
_LIKELY = 0.7  # and so do some of these
_SHARE = 0.005  # of the sample, at least two
_CHARACTERS = 400  # of a text, that are looked at


def languages_of(texts: Sequence[str]) -> tuple[str, ...]:
    """The languages of a sample of a catalogue's texts, English first.

    English is among them, as it is the language of texts too short to tell.
    """
    identify = _identifier((*STEMMERS, *_WITHOUT_STEMMER))
    likely = Counter[str]()
    sure = Counter[str]()
    for text in texts:
        language, share = identify.classify(text[:_CHARACTERS])
        likely[language] += share >= _LIKELY
        sure[language] += share >= _SURE
    least = max(1.0, _SHARE * len(texts))
    found = [each for each, count in likely.items() if sure[each] >= least or count >= 2 * least]
    return in_order([ENGLISH, *found])


# Told apart from the others, so that their words are not stemmed as those of a neighbour's
_WITHOUT_STEMMER = ("bg", "cs", "he", "hr", "ja", "ko", "lt", "lv", "pl", "sk", "sl", "th", "uk", "vi", "zh")


def detected(text: str, languages: Iterable[str]) -> str:
    """The most likely one of some languages; English if none is."""
    among = tuple(languages)
    if len(among) < 2:
        return among[0] if among else ENGLISH
    language, share = _identifier(among).classify(text[:_CHARACTERS])
    return str(language) if share > 1.5 / len(among) else ENGLISH


@cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    identifier = copy(_everything())
    identifier.set_languages(languages)
    return identifier


@cache
def _everything() -> LanguageIdentifier:
    # Loads 5 MB, so only where somebody asks
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
