"""Token states of products."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import Matrix
from shared.live.append_only import AppendOnly
from shared.live.wire_rows import UNKNOWN
from shared.snapshot.spans import end_to_end
from shared.snapshot.states import STATE_SCALE, ProductStates

Rows = NDArray[np.int64]
SCALE = np.float32(1 / STATE_SCALE)


@dataclass(frozen=True, slots=True)
class GatheredStates:
    """The states of some products, joined: product i has `counts[i]` of them, from `starts[i]` on."""

    values: NDArray[np.int8]  # (tokens, state_dim)
    starts: Rows  # (n,)
    counts: Rows  # (n,)


class TokenStates:
    """The states of every product of a snapshot, memory-mapped, followed by those of its delta.

    One thread appends while others read. A row's states never change. An unknown row has no states.
    """

    def __init__(self, tokens: NDArray[np.int8], offsets: Rows) -> None:
        """`tokens` (tokens, state_dim) of the snapshot, split by `offsets` (products + 1,)."""
        self._tokens = tokens
        self._offsets = offsets
        self._new_tokens = AppendOnly(np.int8, tokens.shape[1])
        self._new_offsets = AppendOnly(np.int64)
        self._new_offsets.append(0)

    @classmethod
    def open(cls, folder: Path) -> TokenStates:
        """The states of a snapshot's folder."""
        stored = ProductStates(folder)
        return cls(stored.tokens, stored.offsets)

    def __len__(self) -> int:
        return self._old_count + len(self._new_offsets) - 1

    @property
    def dim(self) -> int:
        """The length of a state."""
        return int(self._tokens.shape[1])

    def add(self, states: NDArray[np.int8]) -> None:
        """Append the states (tokens, state_dim) of the next row. Without states, (0, any)."""
        if len(states):
            self._new_tokens.extend(states)
        self._new_offsets.append(len(self._new_tokens))

    def gather(self, rows: Rows) -> GatheredStates:
        """The states of `rows`, without padding."""
        first, counts = self._spans(rows)
        index, starts = end_to_end(first, counts)
        return GatheredStates(self._taken(rows, index, np.repeat(rows, counts)), starts, counts)

    def padded(self, rows: Rows) -> tuple[Matrix, NDArray[np.bool_]]:
        """States (n, longest, state_dim) float32, and the mask (n, longest) of real ones."""
        first, counts = self._spans(rows)
        places = np.arange(max(int(counts.max(initial=0)), 1))
        mask = places < counts[:, None]
        index = np.where(mask, first[:, None] + places, 0)
        return self._taken(rows, index, np.where(mask, rows[:, None], UNKNOWN)) * SCALE, mask

    @property
    def _old_count(self) -> int:
        return len(self._offsets) - 1

    def _all_old(self, rows: Rows) -> bool:
        return not len(rows) or (int(rows.min()) >= 0 and int(rows.max()) < self._old_count)

    def _spans(self, rows: Rows) -> tuple[Rows, Rows]:
        """The starts of the states of `rows` (n,), and their numbers."""
        if self._all_old(rows):
            first = self._offsets[rows]
            return first, self._offsets[rows + 1] - first
        first = np.zeros(len(rows), np.int64)
        counts = np.zeros(len(rows), np.int64)
        old = (rows >= 0) & (rows < self._old_count)
        new = rows >= self._old_count
        for mask, offsets, row in (
            (old, self._offsets, rows[old]),
            (new, self._new_offsets.upto(len(self._new_offsets)), rows[new] - self._old_count),
        ):
            first[mask] = offsets[row]
            counts[mask] = offsets[row + 1] - offsets[row]
        return first, counts

    def _taken(self, rows: Rows, index: Rows, owners: Rows) -> NDArray[np.int8]:
        """The states at `index`, each of the row at the same position of `owners`.

        States of UNKNOWN owners are arbitrary, because they are masked.
        """
        if self._all_old(rows) and len(self._tokens):
            return self._tokens.take(index, axis=0)
        taken = np.zeros((*index.shape, self.dim), np.int8)
        if self.dim:
            items = _items(taken)
            for mask, tokens in (
                ((owners >= 0) & (owners < self._old_count), self._tokens),
                (owners >= self._old_count, self._new_tokens.upto(len(self._new_tokens))),
            ):
                items[mask] = _items(tokens)[index[mask]]
        return taken


def _items(tokens: NDArray[np.int8]) -> NDArray[np.void]:
    """Each state as one item, because numpy selects items five times as fast as rows."""
    return np.ascontiguousarray(tokens).view(f"V{tokens.shape[-1]}")[..., 0]
