"""Codes: stock-keeping units, trade numbers, model numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from shared.text.cleaning import clean
from shared.text.letters import fold

SHORTEST = 4  # characters of a code without its separators
_LONGEST = 40
_LONG_NUMBER = 5  # digits
_REMEMBERED = 20_000  # texts: names of attributes come again and again
_SEPARATORS = re.compile(r"[\W_]+")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W_]+(?:[-./_][^\W_]+)*")
_TURN = re.compile(r"(?<=\d)(?=\D)|(?<=\D)(?=\d)|(?<=[-./_])")
_LABEL = re.compile(
    r"(?:ean|gtin|upc|isbn|sku|mpn|asin|jan|plu|id|p/n|s/n|pn|"
    r"(?:art|artikel|item|part|product|model|modell|order|best|ref|réf|cod|référence|referencia|código|codice)"
    r"\.?[ -]?(?:number|num|nummer|nr|no|n°|code)?|арт|артикул|код|货号|型号|品番|型番)"
    r"(?:-?1[0-4]|-?8)?\s*(?:[.:#=]\s*|\s+)(?=\S*\d)",
    re.IGNORECASE,
)


@lru_cache(_REMEMBERED)
def compact(text: str) -> str:
    """A code as it is compared: folded, without separators; a number without leading zeros."""
    plain = uncut(text)
    return plain.lstrip("0") or "0" if plain.isdecimal() else plain


def uncut(text: str) -> str:
    """A code without separators, with its leading zeros."""
    return _SEPARATORS.sub("", fold(clean(text)))


def is_code(word: str) -> bool:
    """Whether a compact word looks like a code: letters and digits, or a long number."""
    if not _DIGIT.search(word):
        return False
    return len(word) >= (_LONG_NUMBER if word.isdecimal() else SHORTEST)


def without_label(query: str) -> str:
    """A query without what names the kind of a code ("EAN: 400..."), if a code follows."""
    return query[label.end() :] if (label := _LABEL.match(query)) else query


def codes_in(text: str) -> Iterator[str]:
    """The words of a clean text that look like codes, as they are written."""
    for word in _WORD.findall(text):
        if len(word) <= _LONGEST and is_code(compact(word)):
            yield word


def endings(code: str) -> set[str]:
    """A code, and its ends from each separator and each turn between letters and digits on.

    All compact. So "5600" and "TW-5600" are found for "EB-TW5600".
    """
    starts = [0, *(turn.start() for turn in _TURN.finditer(code))]
    found = {compact(code[start:]) for start in starts}
    # A number's zeros count inside of a code
    found |= {uncut(code[start:]) for start in starts}
    return {each for each in found if SHORTEST <= len(each) <= _LONGEST}


def placed_codes(text: str) -> Iterator[re.Match[str]]:
    """The words of a clean, folded text that look like codes."""
    for word in _WORD.finditer(text):
        if len(word[0]) <= _LONGEST and is_code(_SEPARATORS.sub("", word[0])):
            yield word


def place_in(code: str, wanted: str, begins: bool) -> tuple[int, int] | None:
    """Where a compact code is in a folded one that has separators.

    It is at the end, from a separator or a turn between letters and digits on. With `begins` it may
    also stand before more of the code.
    """
    if len(code) > _LONGEST:
        return None
    for start in [0, *(turn.start() for turn in _TURN.finditer(code))]:
        places = [at for at in range(start, len(code)) if code[at].isalnum()]
        letters = "".join(code[at] for at in places)
        zeros = len(letters) - len(letters.lstrip("0"))
        for skipped in (0, zeros):
            part = letters[skipped:]
            if part == wanted or (begins and part.startswith(wanted)):
                return places[skipped], places[skipped + len(wanted) - 1] + 1
    return None
