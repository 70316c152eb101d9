"""Extracts the text of HTML, in linear time.

Python's own parser (html.parser before 3.13.6) searches for the end of every tag from the start.
80,000 letters took a minute.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

_TAG = re.compile(r"<[a-zA-Z/!]|&[#a-zA-Z]")
_OPENING = re.compile(r"<(?:(!--)|(?=[!?])|(/?)(?=([a-zA-Z][a-zA-Z0-9]{0,30}))|/)")
_END = re.compile(r">|=\s*([\"'])")
_BREAKS = frozenset(
    ("p", "br", "li", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "td")
)
# A text without these has no HTML
_UNREAD = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}
_SPACES = re.compile(r"[ \t\xa0]+")
# More digits than any letter's code has
_LONG_NUMBER = re.compile(r"&#([0-9]{8,})")


def plain_text(value: Any) -> Any:
    """A text without its tags. A value that is no text is returned unchanged."""
    if not isinstance(value, str) or not _TAG.search(value):
        return value
    lines = (line.strip() for line in _SPACES.sub(" ", "".join(_Reader(value).texts())).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader:
    """Reads a text once. A search that failed up to the end is not repeated."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._templates = 0  # open tags
        self._missing: set[str] = set()  # delimiters that do not occur any more

    def texts(self) -> Iterator[str]:
        """The texts between the tags, and a line break for each tag that makes one."""
        while opening := _OPENING.search(self._text, self._at):
            yield self._read(self._at, opening.start())
            tag = (opening[3] or "").lower()
            slash = opening[2]
            end = self._end_of_comment(opening) if opening[1] else self._end_of_tag(opening)
            if end < 0:  # unclosed: not a tag
                self._at = opening.start()
                break
            self._at = end
            if tag in _BREAKS:
                yield "\n"
            self._hide(tag, slash, self._text[end - 2 : end] == "/>")
        yield self._read(self._at, len(self._text))

    def _read(self, start: int, end: int) -> str:
        return "" if self._templates else _unescaped(self._text[start:end])

    def _hide(self, tag: str, slash: str | None, is_whole: bool) -> None:
        """Skip the content of scripts and styles, and track templates."""
        if tag == "template" and not is_whole:
            self._templates = max(0, self._templates - 1) if slash else self._templates + 1
        if tag in _UNREAD and not slash and not is_whole:
            found = _UNREAD[tag].search(self._text, self._at)
            self._at = found.start() if found else len(self._text)

    def _end_of_comment(self, opening: re.Match[str]) -> int:
        end = self._find("-->", opening.end() - 2)  # <!--> is a complete comment
        return end if end >= 0 else self._find(">", opening.end())

    def _end_of_tag(self, opening: re.Match[str]) -> int:
        """The position after the ">" outside quotes. With unclosed quotes, after the first ">"."""
        at = opening.end()
        while opening[3] and "quotes" not in self._missing:
            found = _END.search(self._text, at)
            if found is None:
                self._missing.add("quotes")
            elif not found[1]:
                return found.end()
            else:
                end = self._find(found[1], found.end())
                at = end if end >= 0 else found.end()
        return self._find(">", opening.end())

    def _find(self, delimiter: str, start: int) -> int:
        """The position after a delimiter. Returns -1 if it does not occur any more."""
        at = -1 if delimiter in self._missing else self._text.find(delimiter, start)
        if at < 0:
            self._missing.add(delimiter)
        return at + len(delimiter) if at >= 0 else -1


def _unescaped(text: str) -> str:
    return html.unescape(_LONG_NUMBER.sub(lambda found: f"&#{found[1].lstrip('0')[:8] or 0}", text))
