"""A key of the feature store as it is saved."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from shared.features import counters, visitor
from shared.features import watermarks as marks

_NO_MARKS = marks.Watermarks().encoded()
_READS: Mapping[str, Callable[[bytes], object]] = {  # by the beginning of keys (keys.py)
    "v:": visitor.Visitor,
    "p:": counters.check,
    "q:": counters.check,
}


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
    """Raise ValueError for what nobody can have saved: a page or a count that met it would fail again and again."""
    if not isinstance(saved.key, str) or saved.key[:2] not in _READS:
        raise ValueError("is no key of the feature store")
    if not isinstance(saved.value, bytes) or not isinstance(saved.expires_seconds, float):
        raise ValueError("has no value, or none that expires")
    try:
        _READS[saved.key[:2]](saved.value)
    except (ValueError, TypeError, IndexError, struct.error) as error:
        raise ValueError(f"has a value that cannot be read ({error})") from error
