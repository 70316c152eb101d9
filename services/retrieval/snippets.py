"""Cuts a marked text into pieces, and a long one to the part with most words of the query."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.retrieval.marking import Mark
from shared.compatible_form import MAX_MARKS
from shared.text.words import is_run

_FARTHEST_BORDER = 40  # characters; a longer word is cut inside


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, in which a word of the query stands or none."""

    text: str
    matched: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A text, or a part of it, in pieces that together are the text."""

    pieces: tuple[Piece, ...]
    before: bool  # text was left out before the first piece
    after: bool  # text was left out after the last one


def snippet(text: str, marks: Sequence[Mark], length: int) -> Cut:
    """At most `length` characters of a text: those with most distinct terms, cut between words.

    `marks` are in the order of their starts.
    """
    if len(text) <= length:
        return Cut(tuple(_pieces(text, marks, 0, len(text))), before=False, after=False)
    first, last = _densest(marks, length)
    last = min(last, first + length)
    start = max(0, min(first - (length - (last - first)) // 2, len(text) - length))
    end = start + length
    start = _next_border(text, start, first)
    end = _last_border(text, end, last)
    return Cut(tuple(_pieces(text, marks, start, end)), start > 0, end < len(text))


def _densest(marks: Sequence[Mark], length: int) -> tuple[int, int]:
    """The range of marks within a length that have the most distinct terms, then the most marks.

    The first of several; (0, 0) without marks.
    """
    best = (0, 0)
    span = (0, 0)
    inside = Counter[str]()
    first = 0
    for last, mark in enumerate(marks):
        inside[mark.term] += 1
        while first < last and mark.end - marks[first].start > length:
            gone = marks[first].term
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if (found := (len(inside), last - first + 1)) > best:
            best = found
            span = (marks[first].start, mark.end)
    return span


def _next_border(text: str, at: int, latest: int) -> int:
    """The first place from `at` on where a word begins; `latest` is a good one."""
    for place in range(at, min(latest, at + _FARTHEST_BORDER) + 1):
        if _is_border(text, place) and text[place] != " ":
            return place
    return _between_letters(text, at) if latest > at + _FARTHEST_BORDER else latest


def _last_border(text: str, at: int, earliest: int) -> int:
    """The last place up to `at` where a word ends; `earliest` is a good one."""
    for place in range(at, max(earliest, at - _FARTHEST_BORDER) - 1, -1):
        if _is_border(text, place) and text[place - 1] != " ":
            return place
    return _between_letters(text, at) if earliest < at - _FARTHEST_BORDER else max(earliest, 1)


def _is_border(text: str, at: int) -> bool:
    """Whether a word may end before a place, or begin at it."""
    if at in (0, len(text)) or " " in text[at - 1 : at + 1]:
        return True
    return (is_run(text[at - 1]) or is_run(text[at])) and not _combines(text[at])


def _between_letters(text: str, at: int) -> int:
    """A place up to `at` that does not part a letter from its marks."""
    for place in range(at, max(at - MAX_MARKS, 0), -1):
        if place == len(text) or not _combines(text[place]):
            return place
    return at


def _combines(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "M" or letter in "\u200d\uff9e\uff9f"


def _pieces(text: str, marks: Sequence[Mark], start: int, end: int) -> Iterator[Piece]:
    at = start
    for first, last in _merged(marks):
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if at < first:
            yield Piece(text[at:first], matched=False)
        yield Piece(text[first:last], matched=True)
        at = last
    if at < end:
        yield Piece(text[at:end], matched=False)


def _merged(marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """The marked ranges without overlap."""
    found: list[tuple[int, int]] = []
    for mark in marks:
        if found and mark.start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], mark.end))
        else:
            found.append((mark.start, mark.end))
    return found
