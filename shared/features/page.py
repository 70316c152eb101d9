"""What the store has of one page: its visitor, its candidates, and its candidates under the query."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.features import spec
from shared.features.columns import counted_columns
from shared.features.keys import product_key, query_key, visitor_key
from shared.features.store import FeatureStore
from shared.features.visitor import VisitorState, state_of
from shared.features.windows import Windows
from shared.query_ids import query_hash

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Whose page it is, and what may be on it."""

    product_ids: Sequence[str]  # the candidates
    query: str = ""  # as searched; empty: browsing
    visitor_id: str = ""  # empty: nobody known
    session_id: str = ""

    @property
    def keys(self) -> list[str]:
        """All that is read for it: visitor, query, then each candidate."""
        hashed = query_hash(self.query)
        return [visitor_key(self.visitor_id), query_key(hashed), *map(product_key, self.product_ids)]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Values as they came from the store; making columns of them takes a processor some time, so it is done later."""

    request: PageRequest
    values: Sequence[bytes | None]  # in the order of the request's keys
    now_seconds: float

    def visitor(self) -> VisitorState:
        """What is known of the visitor."""
        return state_of(self.values[0])

    def columns(self) -> dict[str, Matrix]:
        """spec.COLUMNS of the candidates, (n,) float32 each."""
        products = Windows.of_products(self.values[2:], self.now_seconds)
        under_query = Windows.of_query(self.values[1], self.request.product_ids, self.now_seconds)
        columns, visitor, session_id = counted_columns(products, under_query), self.visitor(), self.request.session_id
        columns[spec.VISITOR_WEIGHT] = self._weights(visitor.weights_at(self.now_seconds))
        mine = visitor.weights_at(self.now_seconds, session_id) if session_id else {}
        columns[spec.SESSION_WEIGHT] = self._weights(mine)
        return columns

    def _weights(self, weights: dict[str, float]) -> Matrix:
        column = np.zeros(len(self.request.product_ids), dtype=np.float32)
        for place, product_id in enumerate(self.request.product_ids if weights else ()):
            column[place] = weights.get(product_id, 0.0)
        return column


async def read_page(store: FeatureStore, request: PageRequest, now_seconds: float) -> StoredPage:
    """One round trip. Raises Unavailable when the store is down."""
    return StoredPage(request, await store.values(request.keys), now_seconds)
