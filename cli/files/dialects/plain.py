"""Rows with Aisle's own names or similar ones. The cells of a table hold lists as texts."""

import json
import re
from collections.abc import Iterator
from typing import Any

from cli.files.account import Account
from cli.files.dialect import Dialect, Row
from cli.files.naming import target_of
from cli.files.plain_text import plain_text
from shared.json_lines import Line

_SEPARATORS = {
    "images": "|,; ",
    "more_images": "|,; ",
    "tags": "|,;",
    "categories": "|;",
    "brands": "|",
}

_HTML = re.compile(r"</?(p|br|ul|ol|li|div|span|b|strong|i|em|u|a|img|table|h[1-6])\b[^<>]*>", re.IGNORECASE)


def _matches(_names: frozenset[str], _sample: Row) -> bool:
    return True


def _translated(lines: Iterator[Line], _: Account) -> Iterator[Line]:
    return lines


def _table(lines: Iterator[Line], _: Account) -> Iterator[Line]:
    for line in lines:
        cells = {name: _cell(name, value) for name, value in line.content.items()}
        yield Line(line.number, cells, line.fault, line.bytes_read)


def _cell(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    target = target_of(name)
    if value[0] in "[{" and (
        target in _SEPARATORS or target.partition(".")[0] in ("attributes", "price", "rating")
    ):
        return _json(value)
    if target == "description" and _HTML.search(value):
        return plain_text(value)
    for separator in _SEPARATORS.get(target, ""):
        if separator in value and (separator != " " or value.count("://") > 1):
            return [part for each in value.split(separator) if (part := each.strip())]
    return value


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


DIALECT = Dialect("aisle", "", _matches, _translated)
TABLE = Dialect("aisle", "", _matches, _table)
