"""The languages whose words are stemmed, and what a search knows of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ENGLISH = "en"
# ISO 639 code: the name of tantivy's stemmer
STEMMERS: Mapping[str, str] = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    ENGLISH: "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
COMPOUNDING = frozenset(("da", "de", "fi", "hu", "nl", "no", "sv"))  # "Holzschraube" is one word
_ALSO = {"nb": "no", "nn": "no", "iw": "he", "in": "id"}


def language_of(code: str) -> str:
    """The primary language of a BCP 47 tag ("de-AT": "de"); empty for none."""
    primary = code.replace("_", "-").partition("-")[0].lower()
    return _ALSO.get(primary, primary)


def in_order(languages: Iterable[str]) -> tuple[str, ...]:
    """Languages without repetition, English first; English alone without any."""
    known = sorted(set(languages) - {""}, key=lambda each: (each != ENGLISH, each))
    return tuple(known) or (ENGLISH,)
