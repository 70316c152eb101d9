"""Training data of the block: products of one query with a teacher's scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import Rows, TokenStates


@dataclass(frozen=True, slots=True)
class GradedPage:
    """n products of a query, by their rows in the snapshot."""

    query: EncodedQuery
    rows: Rows  # (n,)
    scores: Matrix  # (n,), standardised over the query

    def __len__(self) -> int:
        return len(self.rows)


class Padded(NamedTuple):
    """b pages, padded to q tokens, n products and t states."""

    hidden: Matrix  # (b, q, hidden)
    query_states: Matrix  # (b, q, state)
    token_weights: Matrix  # (b, q), 0 for padding
    query_mask: NDArray[np.bool_]  # (b, q)
    product_states: Matrix  # (b, n, t, state)
    product_mask: NDArray[np.bool_]  # (b, n, t)
    scores: Matrix  # (b, n)
    mask: NDArray[np.bool_]  # (b, n): not padding


def padded(pages: Sequence[GradedPage], states: TokenStates) -> Padded:
    """The pages, with the states that a snapshot has of their products."""
    rows, mask = _joined([page.rows for page in pages])
    hidden, query_mask = _joined([page.query.hidden for page in pages])
    product_states, product_mask = states.padded(rows.reshape(-1))
    return Padded(
        hidden,
        _joined([page.query.states for page in pages])[0],
        _joined([page.query.token_weights for page in pages])[0],
        query_mask,
        product_states.reshape(*rows.shape, *product_states.shape[1:]),
        product_mask.reshape(*rows.shape, -1),
        _joined([page.scores for page in pages])[0],
        mask,
    )


def _joined(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, NDArray[np.bool_]]:
    """Arrays of different lengths (l_i, ...) as one (count, longest, ...), and which items are real."""
    longest = max(map(len, columns))
    joined = np.zeros((len(columns), longest, *columns[0].shape[1:]), columns[0].dtype)
    mask = np.zeros((len(columns), longest), np.bool_)
    for place, column in enumerate(columns):
        joined[place, : len(column)] = column
        mask[place, : len(column)] = True
    return joined, mask
