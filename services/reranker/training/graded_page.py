"""Training data of the block: products of one query with a teacher's scores."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import Rows, TokenStates
from services.reranker.training.arrays import joined


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


def with_own_states(pages: Sequence[GradedPage], states: TokenStates) -> tuple[list[GradedPage], TokenStates]:
    """The pages, and the states of their products alone, with rows counted anew."""
    rows, places = np.unique(np.concatenate([page.rows for page in pages]), return_inverse=True)
    ends = np.cumsum([len(page) for page in pages])[:-1]
    counted = [replace(page, rows=own) for page, own in zip(pages, np.split(places, ends), strict=True)]
    found = states.gather(rows)
    return counted, TokenStates(found.values, np.append(found.starts, len(found.values)))


def padded(pages: Sequence[GradedPage], states: TokenStates) -> Padded:
    """The pages, with the states that a snapshot has of their products."""
    rows, mask = joined([page.rows for page in pages])
    hidden, query_mask = joined([page.query.hidden for page in pages])
    product_states, product_mask = states.padded(rows.reshape(-1))
    return Padded(
        hidden,
        joined([page.query.states for page in pages])[0],
        joined([page.query.token_weights for page in pages])[0],
        query_mask,
        product_states.reshape(*rows.shape, *product_states.shape[1:]),
        product_mask.reshape(*rows.shape, -1),
        joined([page.scores for page in pages])[0],
        mask,
    )
