"""Events from a file: JSON lines with UserEvent's field names, plain or gzipped."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.json_format import ParseDict, ParseError

from aisle.v1.events_pb2 import UserEvent
from shared.catalog.validation import printable
from shared.json_lines import Line, read_lines

_NAMED = re.compile(r'(?:no field named "|Failed to parse )([\w.]+)')


@dataclass(frozen=True)
class UnreadEvent:
    """A line that is no event."""

    line: int
    field: str
    reason: str


def read_events(path: Path) -> Iterator[tuple[int, UserEvent] | UnreadEvent]:
    """Line number (from 1) and event, or why the line is none. Raises as read_lines does."""
    for line in read_lines(path):
        yield UnreadEvent(line.number, "line", line.fault) if line.fault else _event(line)


def _event(line: Line) -> tuple[int, UserEvent] | UnreadEvent:
    try:
        return line.number, ParseDict(line.content, UserEvent())
    except ParseError as error:
        message = printable(str(error).splitlines()[0])
        return UnreadEvent(line.number, _field(message), message)
    except (
        ValueError,
        TypeError,
        RecursionError,
    ) as error:  # what ParseDict lets through, half a surrogate pair for one
        return UnreadEvent(
            line.number, "line", (f"cannot be read ({printable(str(error))}); send valid UTF-8")
        )


def _field(message: str) -> str:
    """The field that protobuf's message names; empty when it names none."""
    named = _NAMED.search(message)
    return named[1] if named else ""
