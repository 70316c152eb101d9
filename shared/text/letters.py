"""Folds case and accents, and keeps what a script needs to tell words apart."""

from __future__ import annotations

import unicodedata

_REMEMBERED = 20_000
_LETTERS = {
    "ø": "o",
    "œ": "oe",
    "æ": "ae",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "ŋ": "n",
    "ё": "е",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ى": "ي",
    "ة": "ه",
    "ـ": "",
}
# Scripts whose accents shoppers leave out; and others, in which a mark makes another letter
_LATIN_AND_GREEK = range(0x0041, 0x0400), range(0x1E00, 0x2000)
_DROPPED_MARKS = range(0x0300, 0x0370), range(0x0591, 0x05C8), range(0x064B, 0x0653)


def fold(text: str) -> str:
    """Lower case; Latin and Greek without accents, Hebrew and Arabic without vowel signs.

    "й", Hangul, kana and the vowels of Indic scripts and Thai stay as they are.
    """
    if text.isascii():
        return text.lower()
    return text.casefold().translate(_FOLDED)


class _Folded(dict[int, str]):
    """Each letter, folded. Letter by letter, since decomposing a whole text can take quadratic time."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = folded
        return folded


def _folded(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    code = ord(letter)
    if any(code in marks for marks in _DROPPED_MARKS):
        return ""
    if not any(code in letters for letters in _LATIN_AND_GREEK):
        return letter
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in decomposed if not unicodedata.combining(part)) or letter


_FOLDED = _Folded()
