"""A file of JSON objects, one a line, plain or gzipped; read line by line, whatever is in it."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from shared.errors import Corrupt, NotFound

LINE_BYTES = 4 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: its object, or what is wrong with it and the remedy."""

    number: int  # from 1
    content: dict[str, Any]
    fault: str  # empty when there is an object
    bytes_read: int  # of the file so far, for a progress bar; 0 from a pipe


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file or a pipe in their order, one at a time; blank ones are passed over.

    Raises NotFound without the file, Corrupt when a gzip file is cut short or damaged.
    """
    try:
        with path.open("rb") as raw:
            yield from _lines(path, raw)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"{path}: there is no such file; give one of JSON lines") from error


def _lines(path: Path, raw: BufferedReader) -> Iterator[Line]:
    file = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP_MAGIC else raw
    can_tell = raw.seekable()
    number = 0
    try:
        while data := file.readline(LINE_BYTES + 1):
            number += 1
            if len(data) > LINE_BYTES:
                _skip_rest(file, data)
            if data.strip():
                yield Line(number, *_parsed(data), raw.tell() if can_tell else 0)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = f"{path}: the gzip file is cut short or damaged after line {number} ({error})"
        raise Corrupt(f"{what}; copy it again") from error


def _skip_rest(file: gzip.GzipFile | BufferedReader, read: bytes) -> None:
    while read and not read.endswith(b"\n"):
        read = file.readline(LINE_BYTES)


def _parsed(data: bytes) -> tuple[dict[str, Any], str]:
    if len(data) > LINE_BYTES:
        return {}, f"is longer than {LINE_BYTES:,} bytes; split or shorten it"
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return {}, f"is not UTF-8 (byte {error.start}); save the file as UTF-8"
    except (ValueError, RecursionError) as error:
        return {}, f"is not JSON ({error}); write one object a line"
    return (content, "") if isinstance(content, dict) else ({}, "is no JSON object; write one object a line")
