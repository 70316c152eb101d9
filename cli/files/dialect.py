"""A dialect: how a shop system or a feed specification says what Aisle calls a product."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.files.account import Account, RowRejection
from shared.catalog.rows import EMPTY
from shared.json_lines import Line

Row = dict[str, Any]
Translation = Callable[[Iterator[Line], Account], Iterator[Line]]


class NotAProduct(Exception):
    """What a row is instead, and why it is left out."""


@dataclass(frozen=True)
class Dialect:
    """Its name for --format, what it is called, when a file is of it, and its rows under our names.

    Columns that the dialect does not translate stay in the row as they are, to be named or counted
    later.
    """

    name: str
    title: str
    # The names of the first rows together, and one of these rows
    matches: Callable[[frozenset[str], Row], bool]
    translated: Translation


def row_by_row(translate: Callable[[Row], Iterable[Row]]) -> Translation:
    """The translation of a dialect in which each row says all of its products, the main one first."""

    def translated(lines: Iterator[Line], account: Account) -> Iterator[Line]:
        for line in lines:
            if line.fault:
                yield line
                continue
            try:
                rows = translate(line.content)
            except NotAProduct as reason:
                account.leave_out(RowRejection(line.number, "", "line", str(reason)))
                continue
            for at, row in enumerate(rows):
                account.made += at > 0
                yield Line(line.number, row, "", line.bytes_read)

    return translated


def taken(row: Row, *names: str) -> Any:
    """The first of these columns that has a value; all of them leave the row."""
    values = [row.pop(name, None) for name in names]
    return next((value for value in values if value not in EMPTY), None)


def first(value: Any) -> Any:
    """The first of several values where only one can be used."""
    return value[0] if isinstance(value, list) and value else value


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def split(value: Any, separator: str = ",") -> list[Any]:
    """The values of a list, or of a text with separators."""
    if isinstance(value, str):
        return [part for each in value.split(separator) if (part := each.strip())]
    return listed(value)


def without_empty(row: Row) -> Row:
    return {name: value for name, value in row.items() if value not in EMPTY}
