"""The parts of encoders that the indexer uses."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (n, dim), unit norm
States = NDArray[np.int8]  # (tokens, state_dim)


class ProductEncoder(Protocol):
    """Makes vectors and states of texts."""

    def encode_products(self, texts: Sequence[str], /) -> tuple[Vectors, list[States]]:
        """Vectors (n, dim) float32, and states (tokens, state_dim) int8 for each text."""

    def known_words(self) -> Sequence[str]:
        """The words that the encoder reads whole, not in pieces."""


class VersionedEncoder(Protocol):
    """An encoder with its names."""

    @property
    def version(self) -> str:
        """The name that services use."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """The fields that manifests use."""

    @property
    def encoder(self) -> ProductEncoder:
        """The encoder itself."""


class OpenEncoders(Protocol):
    """The encoders in use. Their owner keeps them up to date."""

    @property
    def target(self) -> VersionedEncoder:
        """The encoder for new snapshots. Raises Unavailable while it is not open."""

    def all(self) -> Mapping[str, VersionedEncoder]:
        """Every encoder that encodes changes, by version."""
