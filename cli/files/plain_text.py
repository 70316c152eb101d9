"""The text that a shopper reads of HTML."""

import re
from html.parser import HTMLParser
from typing import Any

_TAG = re.compile(r"<[a-zA-Z/!]|&[#a-zA-Z]")
_BREAKS = frozenset(("p", "br", "li", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "td"))
_HIDDEN = frozenset(("script", "style", "template"))
_SPACES = re.compile(r"[ \t\xa0]+")


def plain_text(value: Any) -> Any:
    """A text without its tags; what is no text is returned as it is."""
    if not isinstance(value, str) or not _TAG.search(value):
        return value
    reader = _Reader()
    reader.feed(value)
    reader.close()
    lines = (line.strip() for line in _SPACES.sub(" ", "".join(reader.texts)).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        if tag in _BREAKS:
            self.texts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)
