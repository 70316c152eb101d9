"""The options for reading a catalogue file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cli.files.naming import is_known
from shared.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The options of `aisle index` and `aisle load` that control how a file is read."""

    format: str = ""  # empty: detect it from the content
    names: Mapping[str, str] = field(default_factory=dict)  # the file's column -> Aisle's field
    rest_as_attributes: bool = False
    strict: bool = False  # reject rows with an invalid field

    @classmethod
    def parsed(cls, format: str, names: list[str] | None, attributes: str, strict: bool) -> Self:
        """Parse the options as typed. Raises InvalidRequest naming the invalid one."""
        if attributes not in ("", "rest"):
            raise InvalidRequest("--attributes", f"is {attributes!r}; give rest, or leave it out")
        return cls(format, dict(_pair(each) for each in names or ()), attributes == "rest", strict)


def _pair(text: str) -> tuple[str, str]:
    theirs, _, ours = text.rpartition("=")
    if not theirs or not ours:
        raise InvalidRequest("--map", (f"is {text!r}; give THEIRS=OURS, such as --map article=product_id"))
    if not is_known(ours):
        reason = f"{ours!r} is no field; give one of docs/catalog.md, or attributes.NAME"
        raise InvalidRequest("--map", reason)
    return theirs, ours
