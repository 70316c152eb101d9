"""The words and marks of a filter text, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import InvalidRequest

WORD = "word"
QUOTED = "quoted"
MARK = "mark"
END = "end"

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<mark>\.\.|>=|<=|!=|[():<>=])
    |(?P<word>(?:(?!\.\.)[^\s()":<>=!])+)
    |(?P<other>\S))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_REMEDIES = {'"': 'the quotation mark is not closed; add another "'}
_KEYWORDS = ("AND", "OR", "NOT")


@dataclass(frozen=True)
class Token:
    """A part of the text."""

    kind: str
    text: str  # without quotation marks
    start: int
    end: int

    def is_mark(self, *marks: str) -> bool:
        """Whether it is one of the marks."""
        return self.kind == MARK and self.text in marks

    @property
    def keyword(self) -> str:
        """AND, OR or NOT; empty for others."""
        return self.text if self.kind == WORD and self.text in _KEYWORDS else ""

    @property
    def is_value(self) -> bool:
        """Whether it can be a field or a value."""
        return self.kind == QUOTED or (self.kind == WORD and not self.keyword)


def fault(token: Token, reason: str) -> InvalidRequest:
    """The error at a token of the text."""
    shown = f"{token.text[:40]!r}" if token.kind != END else "the end"
    return InvalidRequest("where", f"at character {token.start + 1} ({shown}): {reason}")


def tokens(text: str) -> Iterator[Token]:
    """All tokens, then END. Raises InvalidRequest for a character outside quotes that is no token."""
    place = 0
    while match := _TOKEN.match(text, place):
        place = match.end()
        kind = str(match.lastgroup)
        held = match[kind]
        token = Token(kind, held, match.start(kind), place)
        if kind == "other":
            raise fault(token, _REMEDIES.get(held, f'put a value that holds {held} into "quotes"'))
        if kind == QUOTED:
            token = Token(kind, _ESCAPED.sub(r"\1", held[1:-1]), match.start(kind), place)
        yield token
    yield Token(END, "", len(text), len(text))
