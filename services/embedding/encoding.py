"""The results of an encoder, and the names of encoders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.product_text import TEXT_VERSION
from shared.snapshot.generation import encoder_version
from shared.snapshot.states import STATE_SCALE

Floats = NDArray[np.float32]
States = NDArray[np.int8]  # (tokens, state_dim), round(STATE_SCALE x) of unit-norm states


@dataclass(frozen=True, slots=True, eq=False)
class QueryEncoding:
    """A query as the models read it, from one pass.

    The last three have no rows without a bundle.
    """

    vector: Floats  # (dim,), unit norm
    hidden: Floats  # (tokens, hidden): the encoder's last layer
    states: Floats  # (tokens, state_dim), unit norm
    token_weights: Floats  # (tokens,): weight of each token in late interaction

    @property
    def size_bytes(self) -> int:
        """The bytes of its arrays."""
        return self.vector.nbytes + self.hidden.nbytes + self.states.nbytes + self.token_weights.nbytes


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The properties that must be equal for vectors and states to be comparable."""

    name: str
    sha256: str  # of the weights
    dim: int
    state_dim: int  # 0: no states
    max_tokens: int  # of a product's text
    bundle_version: str = ""
    heads_sha256: str = ""  # of the bundle's heads, which several bundles may share
    text_version: int = TEXT_VERSION  # version of the composition of a product's text

    @property
    def version(self) -> str:
        """The name by which services refer to it: weights and heads, as in
        `all-MiniLM-L6-v2@53aa51172d14+<heads>`.
        """
        return encoder_version({"name": self.name, "sha256": self.sha256, "heads_sha256": self.heads_sha256})


def round_states(states: Floats) -> States:
    """Unit-norm states as int8: 127 for 1."""
    rounded: States = np.rint(states * np.float32(STATE_SCALE)).astype(np.int8)
    return rounded
