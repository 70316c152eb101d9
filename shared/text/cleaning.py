"""A text without its mark-up and typography: the same for products and queries."""

from __future__ import annotations

import html
import re
import unicodedata

from shared.compatible_form import compatible

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# What stands between these is no text; the name ends at a blank or the bracket
_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:/?[a-zA-Z][a-zA-Z0-9:-]*(?:\s[^<>]*)?/?|!--.*?--|![a-zA-Z][^<>]*)>", re.DOTALL)
_LONGEST_MARK_UP = 100_000  # characters; a longer text keeps its tags
# Before a fraction: "1½" is "1 1/2"
_VULGAR_FRACTION = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])")

_NOTHING = (
    "\u00ad\u200c\u200d\u2060\ufeff\u2122\u00ae\u00a9\u2120\u2117"  # soft hyphens, joiners, trade marks
)
_JOINERS = "\u00ad\u200c\u200d\u2060"  # inside of words, and between the parts of a picture
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = "\u2018\u2019\u02bc\u00b4\u0060\u2032"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u2033"
_TYPOGRAPHY = {
    **dict.fromkeys(map(ord, _NOTHING), ""),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **dict.fromkeys(map(ord, _QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    ord("\u00d7"): "x",  # the sign of multiplication
}
_FRACTION_SLASH = "\u2044"
_ABBREVIATION = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![\w.]))?")


def clean(text: str) -> str:
    """The text as one line in its compatible form (NFKC), without mark-up.

    Entities are unescaped (twice, as shops escape escaped texts) and tags are left out. Soft
    hyphens, joiners and trade marks go; hyphens, quotes and fractions of all kinds become ASCII's.
    Abbreviations lose their points ("U.S.A."). Control characters and runs of white space become
    one space.
    """
    text = _without_mark_up(text)
    if not text.isascii():
        text = _VULGAR_FRACTION.sub(" ", text).translate(_TYPOGRAPHY)
        text = compatible(text).replace(_FRACTION_SLASH, "/").translate(_TYPOGRAPHY)
    if "." in text:
        text = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), text)
    return _one_line(text)


def readable(text: str) -> str:
    """The text as one line without mark-up, as a shopper reads it: its letters stay as they are."""
    return _one_line(_without_mark_up(text), keeping=_JOINERS)


def _without_mark_up(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(_unescaped, _ENTITY.sub(_unescaped, text))
    return _without_tags(text) if "<" in text and len(text) <= _LONGEST_MARK_UP else text


def _one_line(text: str, keeping: str = "") -> str:
    if not text.isprintable():
        text = "".join(
            " " if unicodedata.category(letter)[0] == "C" and letter not in keeping else letter
            for letter in text
        )
    return " ".join(text.split())


def _unescaped(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _without_tags(text: str) -> str:
    if "</" in text:
        text = _HIDDEN.sub(" ", text)
    return _TAG.sub(" ", text)
