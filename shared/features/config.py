"""Settings of the feature store in memory, read from AISLE_FEATURES_*."""

from dataclasses import dataclass

_LEAST_BYTES = 1 << 20


@dataclass(frozen=True)
class FeaturesConfig:
    """For `aisle serve`, which keeps features in memory and saves them next to the log."""

    # For keys and values together; each kind of key has its own share
    memory_bytes: int = 268_435_456

    def __post_init__(self) -> None:
        if self.memory_bytes < _LEAST_BYTES:
            raise ValueError(f"memory_bytes is {self.memory_bytes}; use {_LEAST_BYTES} or more")
