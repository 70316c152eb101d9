"""The port to the feature store: values by key, each replaced by compare-and-set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """A key's new value, made from the one whose watermarks were `expected`."""

    key: str
    expected: bytes  # watermarks of the value that was read; empty if there was none
    value: bytes
    ttl_seconds: int  # the key expires after so long without a change
    # False: shoppers were only shown products; such keys are evicted first
    acted: bool = True


class FeatureStore(Protocol):
    """Values by key (keys.py), in generations. Readers see one while another is being built.

    Each generation has a consumer group of its own name, so it has its own position in the log. The
    empty name means that the store does not outlive this process, and the log is read from the
    start. All methods raise Unavailable if the store is down.
    """

    async def generation(self) -> str:
        """The name of the generation that readers see. Begins one if there is none."""
        ...

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        """The values of keys, read in one round trip; None for a key without a value.

        `generation` None: the one that readers see. If there is none yet, no key has a value.
        """
        ...

    async def replace(self, changes: Sequence[Change], generation: str) -> list[bool]:
        """Write each value whose key still has the expected watermarks, in one round trip.

        Returns which of them were written.
        """
        ...

    async def publish(self, generation: str) -> None:
        """Make this the generation that readers see."""
        ...

    async def forget(self, generation: str) -> None:
        """Remove all keys of a generation."""
        ...

    async def close(self) -> None:
        """Close the connection to the store."""
        ...
