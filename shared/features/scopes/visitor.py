"""Features of a visitor: how much of their recent interactions is about the product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.features.keys import visitor_key
from shared.features.observation import Interaction, Shown
from shared.features.scope import Counted, PageRequest, StoredScope
from shared.features.visitor import Visitor, state_of

if TYPE_CHECKING:
    from shared.features.scope import Matrix

# Weight of the product among the visitor's recent products, over all sessions and in this one; 0:
# none
VISITOR_WEIGHT = "visitor_weight"
SESSION_WEIGHT = "session_weight"


class VisitorScope:
    """See Scope.

    FeatureWriter writes its values before all others, because they detect duplicates.
    """

    letter = "v"
    share = 0.3
    columns = (VISITOR_WEIGHT, SESSION_WEIGHT)
    by_query = False

    def counted(self, content: Interaction | Shown, product_ids: Sequence[str]) -> Iterable[Counted]:
        """See Scope. A visitor has a state but no counters."""
        return ()

    def keys(self, request: PageRequest) -> list[str]:
        """See Scope."""
        return [visitor_key(request.visitor_id)]

    def key_count(self, request: PageRequest) -> int:
        """See Scope."""
        return 1

    def make(self, stored: StoredScope, made: Mapping[str, Matrix]) -> Mapping[str, Matrix]:
        """See Scope."""
        request = stored.request
        state = state_of(stored.values[0])
        ever = state.weights_at(stored.now_seconds)
        session = state.weights_at(stored.now_seconds, request.session_id) if request.session_id else {}
        ids = request.product_ids
        return {VISITOR_WEIGHT: _weights(ids, ever), SESSION_WEIGHT: _weights(ids, session)}

    def check(self, value: bytes) -> None:
        """See Scope."""
        Visitor(value).check()


def _weights(product_ids: Sequence[str], weights: Mapping[str, float]) -> Matrix:
    import numpy as np

    column = np.zeros(len(product_ids), dtype=np.float32)
    for place, product_id in enumerate(product_ids if weights else ()):
        column[place] = weights.get(product_id, 0.0)
    return column


VISITOR = VisitorScope()
