"""A mended value, and a description of the change."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mended:
    """The value to use instead, and what was changed, as in "read as 19.99".

    Menders return None if the field is to be left out.
    """

    value: Any
    action: str


def read_as(value: Any) -> Mended:
    """The usual case: the same value in the notation of the catalogue file."""
    return Mended(value, f"read as {value!r:.60}")
