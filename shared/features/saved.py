"""A key of the feature store as it is saved."""

import struct
from dataclasses import dataclass, replace

from shared.features import watermarks as marks
from shared.features.scopes import SCOPES

_NO_MARKS = marks.Watermarks().encoded()
_SCOPE_OF = {f"{scope.letter}:": scope for scope in SCOPES}  # by the beginning of keys


@dataclass(frozen=True, slots=True)
class Saved:
    """A key and its value; without a value, the key is forgotten."""

    key: str
    value: bytes | None
    expires_seconds: float = 0.0  # since 1970
    acted: bool = False  # whether a shopper did something with it, other than being shown a page


def without_marks(saved: Saved) -> Saved:
    """The same, as if nothing of the log had been taken in yet: for a log that is another one."""
    value = saved.value or b""
    return replace(saved, value=_NO_MARKS + value[marks.size(value) :])


def check(saved: Saved) -> None:
    """Raise ValueError for what nobody can have saved.

    A page or a count that met it would fail again and again.
    """
    if not isinstance(saved.key, str) or saved.key[:2] not in _SCOPE_OF:
        raise ValueError("is no key of the feature store")
    if not isinstance(saved.value, bytes) or not isinstance(saved.expires_seconds, float):
        raise ValueError("has no value, or none that expires")
    try:
        _SCOPE_OF[saved.key[:2]].check(saved.value)
    except (ValueError, TypeError, IndexError, struct.error) as error:
        raise ValueError(f"has a value that cannot be read ({error})") from error
