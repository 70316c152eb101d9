"""Adjectives agree with the nouns beside them."""

from __future__ import annotations

_ROMANCE = ("m", "f", "mp", "fp")
_ORDER = {"de": ("", "m", "f", "n", "p"), "fr": _ROMANCE, "es": _ROMANCE}
_GERMAN = {"": "", "m": "er", "f": "e", "n": "es", "p": "e"}


def agree(written: str, gender: str, language: str) -> str:
    """An adjective as it stands beside a noun of a gender; without a gender as it stands alone.

    "wasserdicht+" has regular endings, "doux/douce/doux/douces" has those that are written: those
    of a German adjective alone, m, f, n and plural, otherwise m, f, and the plurals of both.
    Others never change.
    """
    if language == "de" and gender.endswith("p"):
        gender = "p"  # the same for all three
    if "/" in written:
        order = _ORDER[language]
        return written.split("/")[order.index(gender) if gender in order else 0]
    if not written.endswith("+"):
        return written
    stem = written[:-1]
    if language == "de":
        return stem.removesuffix("e") + _GERMAN[gender] if gender else stem
    return _romance(stem, gender, language)


def _romance(stem: str, gender: str, language: str) -> str:
    if gender.startswith("f"):
        if language == "fr" and not stem.endswith("e"):
            stem += "e"
        if language == "es" and stem.endswith("o"):
            stem = f"{stem[:-1]}a"
    if not gender.endswith("p"):
        return stem
    return stem + ("es" if language == "es" and stem[-1] not in "aeo" else "s")
