"""Checks the fields of a manifest and their types.

For a manifest edited by hand, the error names the file and the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Corrupt

_SHOWN_LETTERS = 60
_LARGEST = 2**63 - 1  # of a position in a log
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value, and its name in messages."""

    name: str
    holds: Callable[[object], bool]


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _is_checksum(value: object) -> bool:
    return isinstance(value, str) and len(value) == _SHA256_DIGITS


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_LETTERS]


def is_plain_path(value: object) -> bool:
    """Whether it is a path within the manifest's folder."""
    return isinstance(value, str) and not Path(value).is_absolute() and ".." not in Path(value).parts


COUNT = Kind("a whole number of at least 0", _is_count)
NUMBER = Kind("a number", lambda value: type(value) in (int, float))
TEXT = Kind("a text", lambda value: isinstance(value, str))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
CHECKSUM = Kind("a SHA-256 checksum", _is_checksum)


@dataclass(frozen=True)
class Fields:
    """The required fields of an object in a manifest. Others are ignored."""

    required: Mapping[str, Kind]
    optional: Mapping[str, Kind]
    remedy: str = "rebuild the version or roll back"

    def check(self, path: Path, content: object, within: str = "") -> None:
        """Raise Corrupt, naming the file and the field, if one is missing or of the wrong type."""
        if not isinstance(content, dict):
            raise self._error(path, within, content, OBJECT)
        prefix = f"{within}." if within else ""
        if missing := [name for name in self.required if name not in content]:
            raise Corrupt(f"{path} cannot be read: it has no {prefix}{missing[0]}; {self.remedy}")
        for name, kind in {**self.required, **self.optional}.items():
            if name in content and not kind.holds(content[name]):
                raise self._error(path, prefix + name, content[name], kind)

    def of_each(self, content: Mapping[str, object], kind: Kind) -> Fields:
        """Check an object whose values all have one type, with the same remedy."""
        return Fields({}, dict.fromkeys(content, kind), self.remedy)

    def _error(self, path: Path, name: str, value: object, kind: Kind) -> Corrupt:
        return Corrupt(
            f"{path} cannot be read: {name or 'all of it'} is {_shown(value)}, not {kind.name}; {self.remedy}"
        )
