"""A key of the feature store as it is saved."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Saved:
    """A key and its value; without a value, the key is forgotten."""

    key: str
    value: bytes | None
    expires_seconds: float = 0.0  # since 1970
    acted: bool = False  # whether a shopper did something with it, other than being shown a page
