"""Events from a file, in the format of any system that Aisle knows, plain or packed."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aisle.v1.events_pb2 import UserEvent
from cli.files.containers import json_values
from services.gateway.events.formats import aisle
from services.gateway.events.formats.event_format import EventFormat, Rejected, Skipped
from services.gateway.events.formats.reading import LISTS, detected, format_named, payloads, read
from shared.errors import InvalidRequest
from shared.json_lines import Line, lines_in
from shared.unpacking import Unpacked, unpacked

_SAMPLED_LINES = 20


@dataclass(frozen=True)
class UnreadEvent:
    """A line that holds no valid event."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True)
class SkippedEvent:
    """A line that says something else than what a shopper did, and what, in one word."""

    line: int
    reason: str


Entry = tuple[int, UserEvent] | UnreadEvent | SkippedEvent


def read_events(
    path: Path,
    format_name: str = "",
    found: Callable[[EventFormat], None] = lambda format: None,
) -> Iterator[Entry]:
    """The events of each line with its number (from 1), or why there is none.

    Without a name the format is that of the first lines, and `found` is told it. Raises NotFound
    without the file, Corrupt where it is damaged, InvalidRequest for a format that does not exist.
    """
    format = _format_named(format_name) if format_name else None
    with unpacked(path) as file:
        lines = _lines(file)
        sampled = list(itertools.islice(lines, _SAMPLED_LINES))
        format = format or _format_of(sampled)
        found(format)
        for line in itertools.chain(sampled, lines):
            yield from _entries(line, format)


def _format_named(name: str) -> EventFormat:
    try:
        return format_named(name)
    except InvalidRequest as error:
        raise InvalidRequest("--format", error.reason) from error


def _lines(file: Unpacked) -> Iterator[Line]:
    """Its objects: those of a list or a body, or one a line."""
    text = file.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return json_values.values_in(file, LISTS) if _is_one_value(text) else lines_in(file)


def _is_one_value(text: bytes) -> bool:
    """Whether the file is a list, a body with a list, or an object over several lines."""
    inner = text[1:].lstrip()
    if text.startswith(b"["):
        return inner.startswith(b"{")
    if text.startswith(b"{") and inner.startswith(b'"') and b"\n" in text[: -len(inner)]:
        return True
    return json_values.list_name(text.decode(errors="ignore"), LISTS) != ""


def _format_of(lines: list[Line]) -> EventFormat:
    """Our own where no line tells; then the errors name our fields."""
    known = (detected(payload) for line in lines for _, payload in payloads(line.content))
    return next(filter(None, known), aisle.FORMAT)


def _entries(line: Line, format: EventFormat) -> Iterator[Entry]:
    if line.fault:
        yield UnreadEvent(line.number, "line", line.fault)
        return
    for outcome in read(line.content, format):
        if isinstance(outcome, Skipped):
            yield SkippedEvent(line.number, outcome.reason)
        elif isinstance(outcome, Rejected):
            yield UnreadEvent(line.number, outcome.field, outcome.reason)
        else:
            yield line.number, outcome
