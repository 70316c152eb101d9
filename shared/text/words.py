"""Cuts a clean text into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from shared.text.dictionaries import NONE, Dictionaries, RunWord
from shared.text.letters import fold

LONGEST_WORD_BYTES = 64
# Scripts without spaces, and Hangul, whose endings are glued to words
RUN_LETTERS = (
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, Han
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{RUN_LETTERS}]+")
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "\u30a0-\u30ff\u31f0-\u31ff"
# Between two words, as "of" is: "緑のジャケット", "红色的杯子"; not in "目的地"
_PARTICLE = re.compile(f"(?<=[{_HAN}{_KATAKANA}])の(?=.)|(?<=[{_HAN}]{{2}})的(?=.)")
# What may be a word: a script to its end, and Han with the kana that inflect it
_STRETCH = re.compile(
    f"[{_KATAKANA}]+|[{_HAN}\u3040-\u309f]+|[\u1100-\u11ff\uac00-\ud7af]+"
    "|[\u0e00-\u0e7f]+|[\u0e80-\u0eff]+|[\u1000-\u109f]+|[\u1780-\u17ff]+"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}\.\d{3},\d+")
_DOTTED_GROUP = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")


@cache
def marks() -> str:
    """All combining marks outside of the scripts without spaces, as ranges of a character class."""
    codes = [code for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code))[0] == "M"]
    starts = [code for code in codes if code - 1 not in set(codes)]
    ends = [code for code in codes if code + 1 not in set(codes)]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


@cache
def _pieces() -> re.Pattern[str]:
    letters = f"[^\\W_{RUN_LETTERS}]"
    return re.compile(rf"\d+(?:[.,/]\d+)+|[{RUN_LETTERS}]+|(?:{letters}|[{marks()}])+")


def words(text: str, dictionaries: Dictionaries = NONE) -> list[str]:
    """The words of a clean text, folded, in order and with repetitions.

    "43.2" and "1/2" stay whole, "dv7-1211ea" is two words. A decimal comma is a point, and digits
    in groups are one number; "1.000" is both "1.000" and "1000". Runs of scripts that set no spaces
    are pairs of neighbouring letters (bigrams), without the particles の and 的 between words, or the
    words of a dictionary.
    """
    found = []
    for piece in _pieces().findall(fold(text)):
        if _is_plain(piece):
            found.append(piece)
        else:
            found += _parts(piece, dictionaries)
    return [word for word in found if len(word) < _SHORT or len(word.encode()) <= LONGEST_WORD_BYTES]


def _is_plain(piece: str) -> bool:
    """Whether a piece is neither a number nor of a script that sets no spaces."""
    return piece[0] < "\u0e00" and not piece[0].isdigit()


_SHORT = LONGEST_WORD_BYTES // 4


class PlacedWord(NamedTuple):
    """A word of a folded text, and where it stands."""

    word: str
    start: int
    end: int


def placed_words(text: str, dictionaries: Dictionaries = NONE) -> Iterator[PlacedWord]:
    """The words of a clean, folded text, in order: the same as those of `words`."""
    for piece in _pieces().finditer(text):
        start, end = piece.span()
        if _is_plain(piece[0]) and end - start < _SHORT:
            yield PlacedWord(piece[0], start, end)
            continue
        if not is_run(piece[0]):
            yield from (PlacedWord(word, start, end) for word in words(piece[0]))
            continue
        if (cut := dictionaries.cut(piece[0])) is not None:
            yield from (PlacedWord(each.word, start + each.start, start + each.end) for each in cut)
            continue
        for run in _PARTICLE.split(piece[0]):
            for at, pair in enumerate(bigrams(run), start):
                yield PlacedWord(pair, at, at + len(pair))
            start += len(run) + 1  # a particle is one letter


def _parts(piece: str, dictionaries: Dictionaries) -> list[str]:
    if not _RUN.fullmatch(piece):
        return numbers(piece)
    if (cut := dictionaries.cut(piece)) is not None:
        return [each.word for each in cut]
    return [pair for run in _PARTICLE.split(piece) for pair in bigrams(run)]


def bigrams(run: str) -> list[str]:
    """Pairs of neighbouring letters; a single letter is itself, and no letters are none."""
    return [run[at : at + 2] for at in range(len(run) - 1)] if len(run) > 1 else [run] * len(run)


def spelled(found: Sequence[str]) -> str:
    """A text with some words, in which pairs of neighbouring letters are one word."""
    text = ""
    for word in found:
        overlaps = is_run(word) and text.endswith(word[0])
        text += word[1:] if overlaps else f" {word}"
    return text.strip()


def stretches(text: str, dictionaries: Dictionaries = NONE) -> list[list[str]]:
    """The bigrams of a folded text by what may be a word: "綿タオル" is "綿" and "タオル".

    Pairs of letters of two such words are in none. A word of a dictionary is alone, or in parts.
    """
    found: list[list[str]] = []
    for piece in _RUN.findall(text):
        if (cut := dictionaries.cut(piece)) is not None:
            found += _by_word(cut)
            continue
        for run in _PARTICLE.split(piece):
            found += map(bigrams, _STRETCH.findall(run))
    return found


def _by_word(cut: Iterable[RunWord]) -> Iterator[list[str]]:
    """Each word of a dictionary, or the words inside of it if all of its letters are in them."""
    parts: list[RunWord] = []
    for each in cut:
        if each.is_part:
            parts.append(each)
            continue
        letters = {at for part in parts for at in range(part.start, part.end)}
        yield [part.word for part in parts] if len(letters) == each.end - each.start else [each.word]
        parts = []


def is_run(word: str) -> bool:
    """Whether a word is of a script that sets no spaces, or of Hangul."""
    return _RUN.fullmatch(word) is not None


def numbers(piece: str) -> list[str]:
    """A number in the forms that it is indexed in."""
    if piece.isalnum():
        return [piece]
    if _GROUPED.fullmatch(piece):
        return [_ungrouped(piece)]
    if _DOTTED_GROUP.fullmatch(piece):
        return [piece, piece.replace(".", "")]
    return [piece.replace(",", ".")] if _DECIMAL_COMMA.fullmatch(piece) else [piece]


def _ungrouped(number: str) -> str:
    decimal = "," if "." in number and number.rfind(",") > number.rfind(".") else "."
    groups = "." if decimal == "," else ","
    if number.count(decimal) > 1:
        return number.replace(decimal, "").replace(groups, "")
    return number.replace(groups, "").replace(decimal, ".")
