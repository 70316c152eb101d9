"""A key of the feature store as it is saved."""

from dataclasses import dataclass, replace

from shared.features import marks

_NO_MARKS = marks.Marks().encoded()


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
