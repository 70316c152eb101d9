"""Mends texts and lists of texts that are too long, nested in objects, or invalid Unicode."""

import re
from collections.abc import Callable
from typing import Any

from shared.catalog.fields import CATEGORY_LEVELS, LIST_VALUES, TEXT_CHARACTERS
from shared.catalog.mending.mended import Mended
from shared.catalog.mending.numbers import is_finite

_NAMES = ("name", "value", "text", "label", "title", "plain", "@value")
_ADDRESSES = ("url", "src", "uri", "contentUrl", "href", "link", "@id")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_KIND = re.compile(r"^(gtin|ean|upc|isbn|jan)(-?(8|10|12|13|14|a))?\s*[:#\s]\s*", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[\s\u00a0-]+")
_DIGITS = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_DEEPEST = 4  # levels of nested objects

Member = Callable[[Any], str | None]


def text_of(value: Any, keys: tuple[str, ...] = _NAMES, depth: int = 0) -> str | None:
    """The single text in a value: the value itself, a list's only text, or an object's name.

    Returns None if there is none.
    """
    if isinstance(value, str):
        return _SURROGATES.sub("", value)
    if isinstance(value, bool) or value is None or depth > _DEEPEST:
        return None
    if isinstance(value, (int, float)):
        return str(value) if is_finite(value) else None
    if isinstance(value, list):
        return text_of(value[0], keys, depth + 1) if len(value) == 1 else None
    found = next((value[key] for key in keys if key in value), None) if isinstance(value, dict) else None
    return None if found is None else text_of(found, keys, depth + 1)


def cut_to(most: int) -> Callable[[Any], Mended | None]:
    """Mends prose by cutting it, because a cut description still helps a search."""

    def mend(value: Any) -> Mended | None:
        joined = (
            "\n".join(value)
            if isinstance(value, list) and all(isinstance(each, str) for each in value)
            else value
        )
        text = text_of(joined)
        if not text or not text.strip():
            return None
        if len(text) > most:
            return Mended(text[:most].rsplit(None, 1)[0], f"cut to its first {most:,} characters")
        return Mended(text, f"read as {text!r:.60}")

    return mend


def whole_up_to(most: int) -> Callable[[Any], Mended | None]:
    """Mends ids and addresses, which are useless once they are cut."""

    def mend(value: Any) -> Mended | None:
        text = text_of(value, (*_NAMES, *_ADDRESSES))
        return Mended(text, f"read as {text!r:.60}") if text and len(text) <= most else None

    return mend


def list_of(member: Member) -> Callable[[Any], Mended | None]:
    """Mends a list: keeps its first LIST_VALUES members that can be read."""

    def mend(value: Any) -> Mended | None:
        given = value if isinstance(value, list) else [value]
        read = [
            text
            for each in given[: LIST_VALUES * 10]
            if (text := member(each)) and len(text) <= TEXT_CHARACTERS
        ]
        kept = read[:LIST_VALUES]
        if not kept:
            return None
        said = (
            (f"{len(kept):,} of {len(given):,} values kept") if len(given) > 1 else f"read as {kept[0]!r:.60}"
        )
        return Mended(kept, said)

    return mend


def address_of(value: Any) -> str | None:
    """The address of a picture: a text, or the url of an object."""
    return text_of(value, _ADDRESSES)


def category_of(value: Any) -> str | None:
    """The path of a category: a text, an object's name, or a list from the top.

    A path that is too deep keeps its upper levels.
    """
    if isinstance(value, list):
        steps = [text for each in value if (text := text_of(each))]
        path = " > ".join(steps)
    else:
        path = text_of(value, ("path", "fullName", "full_name", *_NAMES)) or ""
    return ">".join(path.split(">")[:CATEGORY_LEVELS]).strip() or None


def mend_gtin(value: Any) -> Mended | None:
    """Mends gtin: digits with spaces or hyphens between them, or behind the name of their kind."""
    text = _KIND.sub("", (text_of(value) or "")[:60].strip())
    digits = _BETWEEN_DIGITS.sub("", text[:40].removesuffix(".0"))
    return Mended(digits, f"read as {digits!r}") if _DIGITS.fullmatch(digits) else None
