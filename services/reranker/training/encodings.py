"""The encoder's hidden states of many texts, padded to one length on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.reranker.training.arrays import Matrix, Rows


class EncodedTexts(Protocol):
    """Texts encoded by an encoder."""

    @property
    def vectors(self) -> Matrix:
        """(texts, width), unit norm: means over all tokens, by the encoder before training."""

    def padded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """States (..., t, width) float32 of `rows` (...), and the mask (..., t) of real ones."""


@dataclass(frozen=True, slots=True)
class Encodings:
    """EncodedTexts of an encoder that does not change: computed once, read in each epoch.

    Text i has the tokens from offsets[i] to offsets[i + 1].
    """

    hidden: NDArray[np.float16]  # (tokens, width): the encoder's last layer
    offsets: Rows  # (texts + 1,)
    vectors: Matrix  # (texts, width): mean over all tokens, unit norm

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def padded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """See EncodedTexts."""
        first = self.offsets[rows]
        counts = self.offsets[rows + 1] - first
        places = np.arange(max(int(counts.max(initial=0)), 1))
        mask: NDArray[np.bool_] = places < counts[..., None]
        index = np.where(mask, first[..., None] + places, 0)
        return torch.from_numpy(self.hidden.take(index, axis=0).astype(np.float32)), torch.from_numpy(mask)


def ragged(states: Sequence[NDArray[np.float16]], vectors: Matrix) -> Encodings:
    """Join the states (t_i, width) of each text."""
    counts = np.array([len(state) for state in states], dtype=np.int64)
    return Encodings(np.concatenate(states), np.concatenate([[0], np.cumsum(counts)]), vectors)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The encoded queries and products of all lists."""

    queries: EncodedTexts
    products: EncodedTexts
