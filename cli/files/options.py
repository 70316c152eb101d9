"""How a catalogue file is to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cli.files.naming import is_known
from shared.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The options of `aisle index` and `aisle load` that say how to read a file."""

    format: str = ""  # empty: found by content
    names: Mapping[str, str] = field(default_factory=dict)  # their column -> our field
    rest_as_attributes: bool = False
    strict: bool = False  # a field that is not valid keeps its row out

    @classmethod
    def parsed(cls, format: str, names: list[str] | None, attributes: str, strict: bool) -> Self:
        """The options as they are typed. Raises InvalidRequest naming the one that is wrong."""
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
