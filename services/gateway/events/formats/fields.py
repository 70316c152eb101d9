"""A JSON object whose fields are read one by one, so that each error names the field at fault."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from aisle.v1.events_pb2 import UserEvent
from services.gateway.events.formats import times
from services.gateway.validation import id_fault
from shared.catalog.validation import printable
from shared.utf8 import is_utf8

_MOST = (1 << 32) - 1  # of a position or a quantity
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_SHOWN_CHARACTERS = 60


class Unreadable(Exception):
    """A field cannot be read. It is named by its path in the payload."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotAnInteraction(Exception):
    """The payload is something else, such as a search. `reason` is one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def shown(value: Any) -> str:
    """A value in an error, as one short line."""
    text = value if isinstance(value, str) else type(value).__name__
    return printable(text[:_SHOWN_CHARACTERS])


@dataclass(frozen=True, slots=True)
class Fields:
    """An object and its path in the payload, such as `events[3].`.

    Several names are spellings of one field; the first that has a value counts.
    """

    values: dict[str, Any]
    path: str = ""

    def find(self, *names: str) -> tuple[str, Any]:
        """Path and value of a field; the value is None if the field is absent or empty."""
        for name in names:
            value = self.values.get(name)
            if value is not None and value != "":
                return self.path + name, value
        return self.path + names[0], None

    def text(self, *names: str) -> str:
        """A text, or a whole number as one; empty if it is absent."""
        path, value = self.find(*names)
        return "" if value is None else _text(path, value)

    def identifier(self, *names: str, required: bool = False) -> str:
        """An id of at most 128 bytes; empty if it is absent."""
        path, value = self.find(*names)
        if value is None and not required:
            return ""
        return _identifier(path, value)

    def identifiers(self, *names: str) -> list[str]:
        """A list of ids; empty if it is absent."""
        path, values = self._list(*names)
        return [_identifier(f"{path}[{at}]", value) for at, value in enumerate(values)]

    def count(self, *names: str) -> int:
        """A whole number from 0; 0 if it is absent."""
        path, value = self.find(*names)
        return 0 if value is None else _count(path, value)

    def position(self, action: str, *names: str) -> int:
        """A place from 1; 0 if it is unknown."""
        path, value = self.find(*names)
        return 0 if value is None else _position(path, value, action)

    def positions(self, action: str, *names: str) -> list[int]:
        """A list of places from 1; empty if it is absent."""
        path, values = self._list(*names)
        return [_position(f"{path}[{at}]", value, action) for at, value in enumerate(values)]

    def number(self, *names: str) -> float | None:
        """A finite number of at least 0; None if it is absent."""
        path, value = self.find(*names)
        return None if value is None else _number(path, value)

    def currency_code(self, *names: str) -> str:
        """Three letters of ISO 4217, in capitals; empty if it is absent."""
        path, value = self.find(*names)
        code = "" if value is None else _text(path, value).strip().upper()
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise Unreadable(path, f"{shown(code)!r} is not three letters (ISO 4217)")
        return code

    def set_time(self, event: UserEvent, *names: str) -> None:
        """Set the event's time, if the payload has one."""
        path, value = self.find(*names)
        if value is None:
            return
        try:
            event.event_time.FromNanoseconds(times.nanoseconds(value))
        except ValueError as error:
            raise Unreadable(path, str(error)) from error

    def object(self, *names: str) -> Fields:
        """An object in this one; an empty one if it is absent."""
        path, value = self.find(*names)
        return Fields(_object(path, {} if value is None else value), f"{path}.")

    def objects(self, *names: str) -> list[Fields]:
        """A list of objects; empty if it is absent."""
        path, values = self._list(*names)
        return [Fields(_object(f"{path}[{at}]", value), f"{path}[{at}].") for at, value in enumerate(values)]

    def _list(self, *names: str) -> tuple[str, list[Any]]:
        path, value = self.find(*names)
        if value is None:
            return path, []
        if not isinstance(value, list):
            raise Unreadable(path, f"is {_kind(value)}; send a list")
        return path, value


def _object(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(path, f"is {_kind(value)}; send an object")
    return value


def _kind(value: Any) -> str:
    """The kind of a JSON value, in words."""
    names = {bool: "true or false", list: "a list", dict: "an object", str: "text", type(None): "null"}
    return names.get(type(value), "a number")


def _text(path: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    if not isinstance(value, str):
        raise Unreadable(path, f"is {_kind(value)}; send text")
    if not is_utf8(value):
        raise Unreadable(path, "has half a surrogate pair; send valid UTF-8")
    return value


def _identifier(path: str, value: Any) -> str:
    if value is None or value == "":
        raise Unreadable(path, "is required")
    text = _text(path, value)
    if fault := id_fault(text):
        raise Unreadable(path, fault)
    return text


def _number(path: str, value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(path, f"{shown(value)!r} is not a number; send one, such as 19.99")
    if not 0 <= value <= 1e300 or not math.isfinite(value):
        raise Unreadable(path, "is negative, too large or not finite; send a number of at least 0")
    return float(value)


def _count(path: str, value: Any) -> int:
    number = _number(path, value)
    if number > _MOST or number != int(number):
        raise Unreadable(path, f"is not a whole number from 0 to {_MOST}; send one")
    return int(number)


def _position(path: str, value: Any, action: str) -> int:
    """A place from 1, or 0 if it is unknown. A click at 0 shows that the sender counts from 0."""
    position = _count(path, value)
    if position == 0 and action == "click":
        raise Unreadable(path, "is 0; positions are from 1: add 1 to all, or leave them out")
    return position
