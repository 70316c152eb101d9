"""The form in which a key of the feature store is saved."""

import struct
from dataclasses import dataclass, replace

from shared.features import watermarks
from shared.features.scopes import SCOPES

_NO_WATERMARKS = watermarks.Watermarks().encoded()
_SCOPE_OF = {f"{scope.letter}:": scope for scope in SCOPES}  # by prefix of keys


@dataclass(frozen=True, slots=True)
class Saved:
    """A key and its value; None if the key is forgotten."""

    key: str
    value: bytes | None
    expires_seconds: float = 0.0  # since 1970
    acted: bool = False  # whether a shopper acted, rather than only being shown a page


def without_watermarks(saved: Saved) -> Saved:
    """The same value, as if it had read nothing of the log yet. For use with another log."""
    value = saved.value or b""
    return replace(saved, value=_NO_WATERMARKS + value[watermarks.size(value) :])


def check(saved: Saved) -> None:
    """Raise ValueError if the key or value is invalid.

    Otherwise each page and each count that reads it would fail.
    """
    if not isinstance(saved.key, str) or saved.key[:2] not in _SCOPE_OF:
        raise ValueError("is no key of the feature store")
    if not isinstance(saved.value, bytes) or not isinstance(saved.expires_seconds, float):
        raise ValueError("has no value or no time of expiry")
    try:
        _SCOPE_OF[saved.key[:2]].check(saved.value)
    except (ValueError, TypeError, IndexError, struct.error) as error:
        raise ValueError(f"has a value that cannot be read ({error})") from error
