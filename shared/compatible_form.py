"""Text in Unicode's compatible form (NFKC), in time that grows with the length of the text alone."""

import unicodedata

# In a row, as in Unicode's stream-safe text (UAX 15): to order them takes the square of their
# number
MAX_MARKS = 30
_FIRST_MARK = "\u0300"


def compatible(text: str) -> str:
    """The text in NFKC.

    Of more than 30 combining marks in a row, those behind the 30th are left out.
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
    """Whether the letter, or the first of those that it stands for, combines with what is before
    it.
    """
    return letter >= _FIRST_MARK and unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) > 0
