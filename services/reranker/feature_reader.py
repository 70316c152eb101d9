"""Reads the features of shoppers' actions for a page.

It takes one round trip and a small part of the page's time. A page does not fail without it.
"""

from services.reranker.deadline import Deadline
from shared import clock
from shared.features.page import StoredPage, read_page
from shared.features.scope import PageRequest
from shared.features.store import FeatureStore
from shared.stage import Stage

_SHARE = 0.2  # of the remaining time
_MAX_LATE = 3


class FeatureReader:
    """Reads the feature store.

    After some late answers in a row it pauses, so that pages do not wait in vain.
    """

    def __init__(self, store: FeatureStore, limit_ms: float, rest_seconds: float = 1.0) -> None:
        """A page waits `limit_ms` at most."""
        self.store = store
        self._limit_ms = limit_ms
        self._stage = Stage("features", max_late=_MAX_LATE, rest_seconds=rest_seconds, fair_ms=limit_ms / 2)

    async def read(self, request: PageRequest, deadline: Deadline) -> StoredPage:
        """The stored features.

        Raises Missed, with the note for `degraded`, if they come too late.
        """
        limit_ms = min(self._limit_ms, deadline.remaining_ms() * _SHARE)
        return await self._stage.run(lambda: read_page(self.store, request, clock.now()), limit_ms)
