"""Unicode's compatible form (NFKC) of a text, in linear time."""

import unicodedata

# The limit of Unicode's stream-safe text (UAX 15): sorting marks takes quadratic time
MAX_MARKS = 30
_FIRST_MARK = "\u0300"


def compatible(text: str) -> str:
    """The text in NFKC.

    Of more than 30 consecutive combining marks, only the first 30 are kept.
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", _with_few_marks(text))


def _with_few_marks(text: str) -> str:
    kept = []
    marks = 0
    for letter in text:
        marks = marks + 1 if _is_mark(letter) else 0
        if marks <= MAX_MARKS:
            kept.append(letter)
    return "".join(kept)


def _is_mark(letter: str) -> bool:
    """Whether the letter, or the first of its decomposition, combines with the letter before it."""
    return letter >= _FIRST_MARK and unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) > 0
