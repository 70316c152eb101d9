"""Parts of a text, by where they stand."""

from collections.abc import Iterable
from typing import Protocol


class Span(Protocol):
    """A part of a text."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def without(text: str, spans: Iterable[Span]) -> str:
    """The text with a space in the place of each span. Spans do not overlap."""
    for span in sorted(spans, key=lambda each: each.start, reverse=True):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text
