"""Common words of other languages, which are no misspelt words of a catalogue.

language_words.u32 holds the CRC-32 of each of 539,000 words in German, Spanish, French, Italian,
Dutch and Portuguese, in order (one other word in 8,000 passes for one of them).
deploy/language_words makes it of pyspellchecker's word lists (MIT licence).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_suffix(".u32")
SHORTEST = 4  # letters


def is_of_another_language(word: str) -> bool:
    """Whether a folded word is a common one of these languages."""
    codes = _codes()
    code = np.uint32(crc32(word.encode()))
    place = int(np.searchsorted(codes, code))
    return len(word) >= SHORTEST and place < len(codes) and bool(codes[place] == code)


@cache
def _codes() -> NDArray[np.uint32]:
    return np.fromfile(FILE, "<u4")
