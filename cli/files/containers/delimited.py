"""Tables of delimited text with a header: CSV, TSV and their relatives."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, AnyStr

from cli.files.account import Account, RowWarning
from shared.errors import InvalidRequest
from shared.json_lines import LINE_BYTES, Line, skip_rest
from shared.unpacking import Unpacked

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# The first line of a file written for Excel
_SAYS_DELIMITER = re.compile(r'"?sep=([,;\t|])"?\1*\s*', re.IGNORECASE)
_CHUNK_BYTES = 1 << 16
_HEADER_LINES = 50  # a quoted name may hold line breaks
_GIVEN_BACK = 1 << 26  # letters of a whole file that may be read again after unclosed quotes
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Table:
    """The format of a table."""

    header: tuple[str, ...]
    delimiter: str
    encoding: str
    ending: str = "\n"  # line ending; old spreadsheets write "\r"

    @property
    def said(self) -> str:
        """The format in words: "comma, UTF-8"."""
        return f"{DELIMITERS[self.delimiter]}, {self.encoding}"


def table_of(head: bytes, delimiter: str = "") -> Table | None:
    """The format of a table, from its first bytes. Returns None if the first line is no header."""
    encoding = "UTF-16" if head.startswith(_UTF_16) else "UTF-8"
    text = head.decode("utf-16", errors="replace") if encoding == "UTF-16" else _text_of(head)
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    said = _SAYS_DELIMITER.fullmatch(first)
    found = said[1] if said else delimiter or _delimiter(first)
    if not found or len(first) >= LINE_BYTES:
        return None
    csv.field_size_limit(LINE_BYTES)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=found)
    header = next((cells for cells in rows if _is_header(cells, found)), [])
    names = tuple(name.strip() for name in header)
    if not any(names):
        return None
    ending = "\r" if "\r" in text and "\n" not in text else "\n"
    return Table(tuple(name or f"column {at}" for at, name in enumerate(names, 1)), found, encoding, ending)


def _text_of(head: bytes) -> str:
    lines = head.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)[:_HEADER_LINES]
    return "".join(_decoded(line)[0] for line in lines)


def _decoded(line: bytes) -> tuple[str, bool]:
    """A line as text, and whether it is UTF-8. Other lines are read as Windows-1252."""
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace"), False


def _delimiter(line: str) -> str:
    """The delimiter that occurs most often outside quotes."""
    outside = Counter("".join(line.split('"')[::2]))
    best = max(DELIMITERS, key=lambda each: outside[each])
    return best if outside[best] else ""


def rows_in(file: Unpacked, table: Table, account: Account) -> Iterator[Line]:
    """The rows below the header, as objects of their non-empty cells."""
    lines = _TextLines(file, table, account)
    rows = _Rows(lines, table)
    while (header := rows.next()) == ([], "") or (header[0] and not _is_header(header[0], table.delimiter)):
        pass  # skip empty lines before the header, and a line that names the delimiter
    while True:
        number = lines.number + 1
        cells, fault = rows.next()
        if cells is None:
            return
        if fault or any(cells):
            content, fault = ({}, fault) if fault else _content(table.header, cells)
            yield Line(number, content, fault, file.bytes_read())


def _is_header(cells: list[str], delimiter: str) -> bool:
    return any(cell.strip() for cell in cells) and not _SAYS_DELIMITER.fullmatch(delimiter.join(cells))


class _Rows:
    """The cells of the rows. An unclosed quote costs its own line, not the lines after it."""

    def __init__(self, lines: _TextLines, table: Table) -> None:
        self._lines, self._table = lines, table
        self._reader = csv.reader(lines, delimiter=table.delimiter, strict=True)

    def next(self) -> tuple[list[str] | None, str]:
        """The next row, or an error. Returns None at the end."""
        self._lines.begin_row()
        try:
            cells = next(self._reader, None)
        except csv.Error:
            return self._first_line()
        if self._lines.too_long:
            return cells, f"is longer than {LINE_BYTES:,} bytes; split or shorten it"
        if cells and len(cells) > len(self._table.header) and len(self._lines.taken) > 1:
            return self._first_line()  # an unclosed quote has joined several rows
        return cells, ""

    def _first_line(self) -> tuple[list[str], str]:
        """The first line of a row by itself, as spreadsheets read quotes.

        The lines after it are read once more.
        """
        first = self._lines.give_back()
        reader = csv.reader((first, ""), delimiter=self._table.delimiter)
        try:
            cells = next(reader)
        except csv.Error as error:
            return [], f"is no row of a table ({error}); look for a quote that does not end"
        if reader.line_num > 1:  # the line ended within quotes
            return [], (
                "has a quote that does not end; end it, or write two for one that belongs to the text"
            )
        if len(cells) < len(self._table.header):
            return [], "has quotes within quotes; write two for each that belongs to the text"
        return cells, ""


def _content(header: tuple[str, ...], cells: list[str]) -> tuple[dict[str, Any], str]:
    if len(cells) > len(header) and any(cells[len(header) :]):
        fault = f"has {len(cells)} cells under {len(header)} names"
        return {}, f"{fault}; put texts that hold the delimiter into quotes"
    content: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=False):
        value = cell.strip()
        if value:
            content[name] = value if name not in content else [*_listed(content[name]), value]
    return content, ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _chunks(file: Unpacked) -> Iterator[bytes]:
    while data := file.stream.read1(_CHUNK_BYTES):
        yield data


def _wide_chunks(file: Unpacked) -> Iterator[str]:
    """The text of a file in UTF-16."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    yield from map(decoder.decode, _chunks(file))


def _split(path: Path, chunks: Iterator[AnyStr], rest: AnyStr, ending: AnyStr) -> Iterator[AnyStr]:
    """Split a text that comes in parts into lines; `rest` is the first part."""
    for chunk in chunks:
        lines = (rest + chunk).split(ending)
        rest = lines.pop()
        for line in lines:
            yield line + ending
        if len(rest) > LINE_BYTES:
            raise InvalidRequest(
                str(path), f"has a line of more than {LINE_BYTES:,} letters; split or shorten it"
            )
    if rest:
        yield rest


class _TextLines:
    """The lines of a file as texts.

    Lines in another encoding are read as Windows-1252, and reported once. The lines of the
    current row are kept, so that they can be read again.
    """

    def __init__(self, file: Unpacked, table: Table, account: Account) -> None:
        self._file, self._account = file, account
        is_wide, has_returns = table.encoding == "UTF-16", table.ending == "\r"
        self._wide = _split(file.path, _wide_chunks(file), "", table.ending) if is_wide else None
        self._returns = _split(file.path, _chunks(file), b"", b"\r") if has_returns else None
        self._again: deque[str] = deque()
        self._given_back = 0
        self._warned = False
        self.number = 0  # of the last line returned
        self.taken: list[str] = []  # since the row began
        self.too_long = False

    def __iter__(self) -> _TextLines:
        return self

    def __next__(self) -> str:
        text = self._again.popleft() if self._again else self._read(self.number + 1)
        self.number += 1
        self.taken.append(text)
        return text

    def begin_row(self) -> None:
        """Forget the lines of the previous row."""
        self.taken, self.too_long = [], False

    def give_back(self) -> str:
        """The first line since the row began. The lines after it will be returned once more."""
        first, *behind = self.taken
        self._given_back += sum(map(len, behind))
        if self._given_back > _GIVEN_BACK:
            number = self.number - len(behind)
            fault = f"line {number}: this is no table: too many quotes do not end"
            remedy = "end them, or write two for each in a text"
            raise InvalidRequest(str(self._file.path), f"{fault}; {remedy}")
        self._again.extendleft(reversed(behind))
        self.number -= len(behind)
        return first

    def _read(self, number: int) -> str:
        if self._wide:
            return next(self._wide)
        if self._returns:
            return self._decoded(next(self._returns), number)
        data = self._file.stream.readline(LINE_BYTES + 1)
        if len(data) > LINE_BYTES:
            self.too_long = True
            skip_rest(self._file.stream, data)
            return "\n"
        if not data:
            raise StopIteration
        return self._decoded(data, number)

    def _decoded(self, data: bytes, number: int) -> str:
        text, is_utf8 = _decoded(data.removeprefix(codecs.BOM_UTF8) if number == 1 else data)
        if not is_utf8 and not self._warned:
            self._warned = True
            reason = "the file is not UTF-8; save it as UTF-8 to be sure of every letter"
            self._account.warn(RowWarning(number, "", "encoding", reason, ("read as Latin-1 (Windows-1252)")))
        return text
