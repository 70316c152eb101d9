"""Dialects: the product vocabularies of shop systems and feed specifications."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.files.account import Account, RowRejection
from shared.catalog.rows import EMPTY
from shared.json_lines import Line

Row = dict[str, Any]
Translation = Callable[[Iterator[Line], Account], Iterator[Line]]


class NotAProduct(Exception):
    """Raised for a row that is no product. Says what the row is, and why it is left out."""


@dataclass(frozen=True)
class Dialect:
    """A dialect: its name for --format, its title, its test for a file, and its translation.

    Columns that the dialect does not translate stay in the row. Later steps name or count them.
    """

    name: str
    title: str
    # All names of the first rows, and one of these rows
    matches: Callable[[frozenset[str], Row], bool]
    translated: Translation


def row_by_row(translate: Callable[[Row], Iterable[Row]]) -> Translation:
    """A translation for dialects in which one row holds all of its products.

    The main product comes first.
    """

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
    """The value of the first of these columns that has one.

    All of them are removed from the row.
    """
    values = [row.pop(name, None) for name in names]
    return next((value for value in values if value not in EMPTY), None)


def first(value: Any) -> Any:
    """The first value of a list, for fields that hold only one."""
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
