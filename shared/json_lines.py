"""Reads a file of JSON objects, one a line, plain or compressed.

Every line gives an object or an error.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from shared.unpacking import Unpacked, unpacked

LINE_BYTES = 4 << 20
LONG_NUMBER = "has a number of thousands of digits; correct it"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its object, or its fault with the remedy."""

    number: int  # starts at 1
    content: dict[str, Any]
    fault: str  # empty if there is an object
    bytes_read: int  # position in the file, for a progress bar; 0 for a pipe


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file or a pipe in order, without blank ones.

    Raises NotFound if the file is missing, Corrupt if a gzip or zstd file is cut short or damaged.
    """
    with unpacked(path) as file:
        yield from lines_in(file)


def lines_in(file: Unpacked) -> Iterator[Line]:
    """The lines of an open file."""
    stream = file.stream
    bytes_read = file.bytes_read
    number = 0
    while data := stream.readline(LINE_BYTES + 1):
        number += 1
        if len(data) > LINE_BYTES:
            skip_rest(stream, data)
        if data.strip():
            yield Line(number, *_parsed(data), bytes_read())


def skip_rest(stream: BufferedReader, read: bytes) -> None:
    """Read to the end of a line whose start was read."""
    while read and not read.endswith(b"\n"):
        read = stream.readline(LINE_BYTES)


def _parsed(data: bytes) -> tuple[dict[str, Any], str]:
    if len(data) > LINE_BYTES:
        return {}, f"is longer than {LINE_BYTES:,} bytes; split or shorten it"
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return {}, f"is not UTF-8 (byte {error.start}); save the file as UTF-8"
    except (json.JSONDecodeError, RecursionError) as error:
        return {}, f"is not JSON ({error}); write one object a line"
    except ValueError:  # Python parses no number of more than 4,300 digits
        return {}, LONG_NUMBER
    return (
        (content, "") if isinstance(content, dict) else ({}, ("is no JSON object; write one object a line"))
    )
