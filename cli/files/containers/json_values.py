"""JSON files other than JSON lines.

The file is an array, an object that contains the array, or objects that each span several lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from shared.errors import Corrupt, InvalidRequest
from shared.json_lines import LINE_BYTES, LONG_NUMBER, Line
from shared.unpacking import Unpacked

LISTS = (
    "products",
    "items",
    "data",
    "results",
    "records",
    "hits",
    "entries",
    "rows",
    "catalog",
    "@graph",
)
_CHUNK_BYTES = 1 << 18
_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_DIGITS = 4_300  # digits of the longest number that Python parses
_SPARING = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else None)


def values_in(file: Unpacked, lists: Collection[str] = LISTS) -> Iterator[Line]:
    """The objects of the file in their order; `lists` are the members that may hold them.

    Raises Corrupt if the JSON is invalid or cut short.
    """
    text = _Text(file, lists)
    while (letter := text.next_letter()) in ("[", "{"):
        if letter == "[":
            yield from _members(text)
        elif text.enter_list():
            yield from _members(text)
            yield from text.leave_object()
        else:
            yield text.value()
    if text.next_letter():
        raise text.corrupt("has something that is no JSON object or array")


def list_name(head: str, lists: Collection[str] = LISTS) -> str:
    """The member of an object, begun in `head`, that holds its rows; empty where there is none."""
    return _list_in(head, lists)[0]


def deeper_list(content: dict[str, Any], levels: int = 3) -> str:
    """The path of a nested list of products, such as "data.products".

    Empty if there is no such list.
    """
    for name, value in content.items():
        if isinstance(value, dict):
            inner = next((each for each in LISTS if _is_list(value.get(each))), "")
            if inner or (levels and (inner := deeper_list(value, levels - 1))):
                return f"{name}.{inner}"
    return ""


def _is_list(value: Any) -> bool:
    """Whether a value may be a list of products."""
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _list_in(head: str, lists: Collection[str]) -> tuple[str, int]:
    """The same, and where its value begins."""
    nothing = "", 0
    at = head.find("{") + 1
    for _ in range(50):
        named = re.compile(r'[\s,]*"([^"\\]{1,60})"\s*:\s*').match(head, at)
        if named is None:
            return nothing
        at = named.end()
        if re.compile(r"\[\s*\{").match(head, at):
            return (named[1], at) if named[1] in lists else nothing
        if named[1] in ("id", "product_id", "title", "@type"):  # it is a product itself
            return nothing
        try:
            at = _value_at(head, at)[1]
        except (ValueError, RecursionError):
            return nothing
    return nothing


def _value_at(text: str, at: int) -> tuple[Any, int, str]:
    """The value that begins at a position, its end, and an error."""
    try:
        return *_DECODER.raw_decode(text, at), ""
    except json.JSONDecodeError:
        raise
    except ValueError:
        return *_SPARING.raw_decode(text, at), LONG_NUMBER


def _members(text: _Text) -> Iterator[Line]:
    text.skip_letter()
    while (letter := text.next_letter()) != "]":
        if not letter:
            raise text.corrupt("ends in the middle of its array")
        yield text.value()
    text.skip_letter()


class _Text:
    """The text of a file, with a window of it in memory."""

    def __init__(self, file: Unpacked, lists: Collection[str]) -> None:
        self._file = file
        self._lists = lists
        self._path = file.path
        self._window = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._broken = b""  # bytes of a letter that continues in the next part

    def next_letter(self) -> str:
        """The next letter that is neither space nor comma. Empty at the end."""
        while True:
            self._move_to(_SPACE.match(self._window, self._at).end())  # type: ignore[union-attr]  # matches always
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._read_on():
                return ""

    def skip_letter(self) -> None:
        self._move_to(self._at + 1)

    def value(self) -> Line:
        """The next value."""
        number = self._line
        while True:
            try:
                value, end, fault = _value_at(self._window, self._at)
                if end < len(self._window) or isinstance(value, dict) or not self._read_on():
                    break
            except RecursionError:
                raise self.corrupt("has a value that is nested too deeply") from None
            except ValueError as error:
                self._read_more_for(error)
        self._move_to(end)
        if not isinstance(value, dict):
            value = {}
            fault = "is no JSON object; write one for each row"
        return Line(number, value, fault, self._file.bytes_read())

    def _read_more_for(self, error: ValueError) -> None:
        if len(self._window) - self._at > LINE_BYTES:
            raise self.corrupt(
                f"has a value of more than {LINE_BYTES:,} letters or is invalid JSON ({error})"
            )
        if not self._read_on(len(self._window) - self._at):
            raise self.corrupt(f"is invalid JSON, or is cut short ({error})")

    def enter_list(self) -> bool:
        """Go to the list of rows that is in the next object; False where there is none."""
        name, at = _list_in(self._window[self._at : self._at + _CHUNK_BYTES], self._lists)
        if name:
            self._move_to(self._at + at)
        return name != ""

    def leave_object(self) -> Iterator[Line]:
        """Skip the rest of an object after its list. A second list in it is not read."""
        self.next_letter()
        self._window = "{" + self._window[self._at :]
        self._at = 0
        rest = self.value()
        for name, value in rest.content.items():
            if name in self._lists and _is_list(value):
                fault = f"is a second list, {name!r}, of {len(value):,}; write one list, or a file for each"
                yield replace(rest, content={}, fault=fault)

    def corrupt(self, fault: str) -> Corrupt:
        """The error for a file that cannot be read any further."""
        remedy = "write the file again, or give JSON lines"
        return Corrupt(f"{self._path}: line {self._line}: {fault}; {remedy}")

    def _move_to(self, at: int) -> None:
        self._line += self._window.count("\n", self._at, at)
        self._at = at

    def _read_on(self, at_least: int = 0) -> bool:
        """Read the next part of the file, of at least so many bytes. Returns False at the end."""
        if self._ended:
            return False
        data = self._broken + self._file.stream.read(max(_CHUNK_BYTES, at_least))
        self._ended = len(data) == len(self._broken)
        self._window = self._window[self._at :] + self._decoded(data)
        self._at = 0
        return not self._ended

    def _decoded(self, data: bytes) -> str:
        self._broken = b""
        try:
            return data.decode().removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            if error.end == len(data) and len(data) - error.start < 4 and not self._ended:
                self._broken = data[error.start :]
                return data[: error.start].decode().removeprefix("\ufeff")
            fault = f"is not UTF-8 (byte {error.start} of a part); save the file as UTF-8"
            raise InvalidRequest(str(self._path), f"line {self._line}: {fault}") from error


def sample_of(head: bytes) -> Any:
    """The first complete JSON value in the first bytes of a file. Returns None if there is none."""
    try:
        return _value_at(head.decode("utf-8-sig", errors="ignore").lstrip(), 0)[0]
    except (ValueError, RecursionError):
        return None
