"""Visitors' states in this process."""

from collections import OrderedDict

from shared.features.store import NOBODY, VisitorState


class MemoryFeatureStore:
    """FeatureStore in memory; beyond `max_visitors` the one not seen for longest is forgotten."""

    def __init__(self, max_visitors: int = 100_000) -> None:
        self._max_visitors = max_visitors
        self._visitors: OrderedDict[str, VisitorState] = OrderedDict()

    def __len__(self) -> int:
        return len(self._visitors)

    async def visitor(self, visitor_id: str) -> VisitorState:
        """See FeatureStore."""
        state = self._visitors.get(visitor_id)
        if state is None:
            return NOBODY
        self._visitors.move_to_end(visitor_id)
        return state

    async def put_visitor(self, visitor_id: str, state: VisitorState) -> None:
        """See FeatureStore."""
        self._visitors[visitor_id] = state
        self._visitors.move_to_end(visitor_id)
        if len(self._visitors) > self._max_visitors:
            self._visitors.popitem(last=False)
