"""Events from a file: JSON lines with UserEvent's field names."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.json_format import ParseDict, ParseError

from protos.events_pb2 import UserEvent
from shared.errors import InvalidRequest

_NAMED = re.compile(r'(?:no field named "|Failed to parse )([\w.]+)')


@dataclass(frozen=True)
class UnreadEvent:
    """A line that is no event."""

    line: int
    field: str
    reason: str


def read_events(path: Path) -> Iterator[tuple[int, UserEvent] | UnreadEvent]:
    """Line number (from 1) and event, or why the line is none; empty lines are skipped."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _event(number, line)
    except OSError as error:
        raise InvalidRequest(str(path), f"cannot be read: {error.strerror}") from error


def _event(number: int, line: bytes) -> tuple[int, UserEvent] | UnreadEvent:
    try:
        content = json.loads(line)
    except ValueError as error:  # UnicodeDecodeError is one
        return UnreadEvent(number, "", f"is not JSON in UTF-8: {error}")
    if not isinstance(content, dict):
        return UnreadEvent(number, "", "is not a JSON object")
    try:
        return number, ParseDict(content, UserEvent())
    except ParseError as error:
        message = str(error).splitlines()[0]
        return UnreadEvent(number, _field(message), message)


def _field(message: str) -> str:
    """The field that protobuf's message names; empty when it names none."""
    named = _NAMED.search(message)
    return named[1] if named else ""
