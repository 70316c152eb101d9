"""Detects the format of a catalogue file.

Its first bytes tell the container, the names in its first rows tell the dialect.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cli.files.account import Account
from cli.files.containers import delimited, json_values, parquet, xml_items
from cli.files.dialect import Dialect
from cli.files.dialects import (
    acp,
    algolia,
    google_retail,
    merchant,
    plain,
    schema_org,
    shopify,
    ucp,
    woocommerce,
)
from cli.files.naming import target_of
from cli.files.options import ReadOptions
from shared.catalog.rows import NAMES
from shared.errors import InvalidRequest
from shared.json_lines import Line, lines_in
from shared.unpacking import Unpacked

CONTAINERS = ("jsonl", "json", "csv", "tsv", "xml", "parquet")
_DIALECTS = tuple(
    module.DIALECT
    for module in (shopify, woocommerce, google_retail, ucp, acp, schema_org, merchant, algolia)
)
_NAMED = {each.name: each for each in (*_DIALECTS, plain.DIALECT)}
FORMATS = (*CONTAINERS, *_NAMED)
Mapped = Callable[[dict[str, Any]], dict[str, Any]]
_SAMPLED_ROWS = 20
_REFUSED = {
    b"PK\x03\x04": "is a ZIP file or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV",
    b"BZh": "is packed with bzip2; unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip or zstd",
    b"%PDF": "is a PDF; give the products as one of the formats of docs/import.md",
}
_TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".txt"))
_HTML = (b"<!doctype html", b"<html")
_WORDPRESS = b"wordpress.org/export/"


@dataclass(frozen=True)
class Container:
    """The rows of a file as written. `names` holds the columns if a header precedes the rows."""

    kind: str
    title: str
    lines: Iterator[Line]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """The format of a file in words, and its rows translated by its dialect."""

    title: str
    lines: Iterator[Line]


def checked_format(name: str) -> None:
    """Raises InvalidRequest if --format names no known format."""
    if name and name not in FORMATS:
        raise InvalidRequest("--format", f"is {name!r}; give one of {', '.join(FORMATS)}")


def container_of(file: Unpacked, options: ReadOptions, account: Account) -> Container:
    """The container that --format names or that the first bytes show.

    Raises InvalidRequest if the file is no known container.
    """
    kind = options.format if options.format in CONTAINERS else _kind(file, options.format)
    if kind == "parquet":
        return Container(kind, "Parquet", parquet.rows_in(file.path))
    if kind in ("csv", "tsv"):
        return _table(file, kind, account)
    if kind == "xml":
        return Container(kind, "XML", xml_items.items_in(file))
    if kind == "json":
        return Container(kind, "JSON", json_values.values_in(file))
    return Container("jsonl", "JSON lines", lines_in(file))


def _table(file: Unpacked, kind: str, account: Account) -> Container:
    table = delimited.table_of(file.head, "\t" if kind == "tsv" else "")
    if table is None:
        raise InvalidRequest(
            str(file.path), "has no header of a table in its first line; name the columns there"
        )
    title = f"{'TSV' if table.delimiter == chr(9) else 'CSV'} ({table.said})"
    return Container(kind, title, delimited.rows_in(file, table, account), table.header)


def _kind(file: Unpacked, dialect: str) -> str:
    head = file.head
    _refuse(file)
    if head.startswith(parquet.MAGIC):
        return "parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _wide_kind(file)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "xml"
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return "json" if _is_printed(text) else "jsonl"
    return "csv" if _is_table(file, dialect) else "jsonl"


def _wide_kind(file: Unpacked) -> str:
    """The format of a file in UTF-16."""
    text = file.head.decode("utf-16", errors="ignore").lstrip()
    if text.startswith(("{", "[")):
        raise InvalidRequest(str(file.path), "is JSON in UTF-16; save it as UTF-8")
    return "xml" if text.startswith("<") else "csv"


def _refuse(file: Unpacked) -> None:
    """Raises InvalidRequest for well-known formats that hold no catalogue."""
    for magic, reason in _REFUSED.items():
        if file.head.startswith(magic):
            raise InvalidRequest(str(file.path), reason)
    if file.head.lstrip().lower().startswith(_HTML):
        raise InvalidRequest(str(file.path), ("is an HTML page; give the JSON-LD in it as a file of its own"))
    if _WORDPRESS in file.head and file.head.lstrip().startswith(b"<"):
        raise InvalidRequest(
            str(file.path), "is a WordPress export; export the products as CSV (Products > Export)"
        )


def _is_printed(text: bytes) -> bool:
    """Whether JSON that begins with an object spans several lines per object."""
    first = text.partition(b"\n")[0].rstrip()
    decoded = text.decode(errors="ignore")
    if json_values.list_name(decoded):
        return True
    value = json_values.sample_of(first)
    if isinstance(value, dict):
        return False
    if isinstance(json_values.sample_of(text), dict):
        return True
    if any(isinstance(json_values.sample_of(line), dict) for line in _objects(text)):
        return False  # the first line is broken, and the others are objects
    return first.endswith((b"{", b"[", b","))


def _objects(text: bytes) -> list[bytes]:
    """The lines after the first that begin and end as objects."""
    lines = text.split(b"\n", _SAMPLED_ROWS)[1:_SAMPLED_ROWS]
    return [line for line in lines if line.startswith(b"{") and line.rstrip().endswith(b"}")]


def _is_table(file: Unpacked, dialect: str) -> bool:
    """Whether the first line names columns. Otherwise it is a broken line of JSON."""
    table = delimited.table_of(file.head)
    if table is None or len(table.header) < 2:
        return False
    named = any(target_of(name) for name in table.header) or _dialect(frozenset(table.header), {}) is not None
    return named or dialect != "" or not _TABLE_SUFFIXES.isdisjoint(file.path.suffixes)


def format_of(file: Unpacked, options: ReadOptions, account: Account, mapped: Mapped) -> Format:
    """The format of a file.

    `mapped` renames the columns that --map names, before the dialect reads them.
    """
    checked_format(options.format)
    container = container_of(file, options, account)
    account.columns = frozenset(container.names)
    lines = _mapped(container.lines, mapped) if options.names else container.lines
    sampled = list(itertools.islice(lines, _SAMPLED_ROWS))
    names = frozenset(container.names).union(*(each.content.keys() for each in sampled))
    sample = next((each.content for each in sampled if each.content), {})
    dialect = _NAMED.get(options.format) or (None if options.format else _dialect(names, sample))
    if dialect is None or dialect is plain.DIALECT:
        dialect = plain.TABLE if container.kind in ("csv", "tsv") else plain.DIALECT
    title = f"{dialect.title}, {container.title}" if dialect.title else container.title
    counted = _counted(itertools.chain(sampled, lines), account)
    return Format(title, dialect.translated(counted, account))


def _dialect(names: frozenset[str], sample: dict[str, Any]) -> Dialect | None:
    if names <= NAMES:
        return None
    return next((each for each in _DIALECTS if each.matches(names, sample)), None)


def _mapped(lines: Iterator[Line], mapped: Mapped) -> Iterator[Line]:
    return (line if line.fault else replace(line, content=mapped(line.content)) for line in lines)


def _counted(lines: Iterator[Line], account: Account) -> Iterator[Line]:
    for line in lines:
        account.rows += 1
        yield line
