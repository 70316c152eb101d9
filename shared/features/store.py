"""The port to where features are kept.

Values by key, each replaced only by those who have seen it as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """A key's new value, worked out from the one whose marks were `expected`."""

    key: str
    expected: bytes  # marks at the beginning of the value that was read; empty: there was none
    value: bytes
    ttl_seconds: int  # the key is forgotten when nothing changes it for so long
    # False: it only says that something was shown, and is forgotten first where room is short
    acted: bool = True


class FeatureStore(Protocol):
    """Values by key (keys.py), in generations.

    Readers see one of them while another is being built.

    A generation is followed by one consumer group of its own name, so the position in the log
    belongs to it; the empty name means that nothing outlives this process and everything is read
    from the start. All methods raise Unavailable when the store is down.
    """

    async def generation(self) -> str:
        """Name of the generation that readers see; one is begun when there is none."""
        ...

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """The values of keys in one round trip; None.

        The generation that readers see, which may be none at all.
        """
        ...

    async def replace(self, changes: Sequence[Change], generation: str) -> list[bool]:
        """Write each value whose key still has the marks expected, in one round trip.

        Which of them were written.
        """
        ...

    async def publish(self, generation: str) -> None:
        """Let readers see this generation from now on."""
        ...

    async def forget(self, generation: str) -> None:
        """Remove all keys of a generation."""
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...
