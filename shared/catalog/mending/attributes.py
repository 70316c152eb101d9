"""Reads attributes in the shapes of other systems.

These are lists of names and values, nested objects, and values other than texts.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared.catalog.fields import ATTRIBUTES, DESCRIPTION_CHARACTERS, ID_BYTES, LIST_VALUES
from shared.catalog.mending.mended import Mended
from shared.catalog.mending.numbers import is_finite
from shared.catalog.validation import CONTROL

_DEEPEST = 4  # levels of nested objects
_NAME_KEYS = ("name", "key", "label", "attribute", "attribute_name", "attribute_code")
_VALUE_KEYS = ("value", "values", "option", "options", "value_name")

Values = list[str | int | float | bool]


def mend_attributes(value: Any) -> Mended | None:
    """Mends attributes: keeps all that can be read. Returns None if none can be read."""
    given = _named(value)
    read: dict[str, Values] = {}
    for name, values in _flat("", given, 0):
        clean = CONTROL.sub(" ", name.encode(errors="ignore").decode()).strip()
        if clean and len(clean) <= ID_BYTES and values and len(read) < ATTRIBUTES:
            read.setdefault(clean, values)
    return Mended(read, f"read as {_names(read)}") if read else None


def _names(read: Mapping[str, Values]) -> str:
    shown = ", ".join(list(read)[:5])
    return f"{shown} ..." if len(read) > 5 else shown


def _named(value: Any) -> Mapping[str, Any]:
    """An object of names and values, from an object, a list of pairs, or JSON in a text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return _named(json.loads(value))
        except (ValueError, RecursionError):
            return {}
    if isinstance(value, dict):
        return value
    named: dict[str, Any] = {}
    for each in value if isinstance(value, list) else ():
        name = _first(each, _NAME_KEYS)
        if isinstance(name, str):
            named.setdefault(name, []).extend(_listed(_first(each, _VALUE_KEYS)))
    return named


def _first(pair: Any, keys: tuple[str, ...]) -> Any:
    return next((pair[key] for key in keys if key in pair), None) if isinstance(pair, dict) else None


def _flat(prefix: str, value: Any, depth: int) -> Iterator[tuple[str, Values]]:
    """The attributes in an object. Attributes of a nested object have its name as a prefix."""
    if isinstance(value, dict) and depth <= _DEEPEST and not _typed(value):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner, depth + 1)
    elif _typed(value):
        yield prefix, _readable([*_listed(value.get("text")), *_listed(value.get("numbers"))])
    else:
        yield prefix, _readable(_listed(value))


def _typed(value: Any) -> bool:
    """Whether a value has the shape of messages: {"text": [...]} or {"numbers": [...]}, perhaps
    with switches.
    """
    return isinstance(value, dict) and any(isinstance(value.get(kind), list) for kind in ("text", "numbers"))


def _readable(values: list[Any]) -> Values:
    return [text for each in values if (text := _value(each)) is not None and text != ""][:LIST_VALUES]


def _value(value: Any) -> str | int | float | bool | None:
    if isinstance(value, str):
        return value.encode(errors="ignore").decode()[:DESCRIPTION_CHARACTERS]
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if is_finite(value) else None
    if isinstance(value, dict):
        named = next(
            (value[key] for key in ("name", "label", "value") if isinstance(value.get(key), str)),
            None,
        )
        return _value(named)
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
