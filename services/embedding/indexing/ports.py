"""What the indexer needs of encoders."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (n, dim), unit norm
States = NDArray[np.int8]  # (tokens, state_dim)


class ProductEncoder(Protocol):
    """What makes vectors and states of texts."""

    def encode_products(self, texts: Sequence[str], /) -> tuple[Vectors, list[States]]:
        """(n, dim) float32, and (tokens, state_dim) int8 for each text."""


class VersionedEncoder(Protocol):
    """An encoder with its names."""

    @property
    def version(self) -> str:
        """As services name it."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """As manifests name it."""

    @property
    def encoder(self) -> ProductEncoder:
        """The encoder itself."""


class OpenEncoders(Protocol):
    """The encoders in use, kept fresh by who made them."""

    @property
    def target(self) -> VersionedEncoder:
        """What new snapshots are made with. Raises Unavailable while it is not open."""

    def all(self) -> Mapping[str, VersionedEncoder]:
        """Every encoder that changes are encoded with, by version."""
