"""What shoppers did, read for a page.

In one trip, in a small part of its time, and never at the price of the page.
"""

import time

from services.reranker.deadline import Deadline
from shared.features.page import StoredPage, read_page
from shared.features.scope import PageRequest
from shared.features.store import FeatureStore
from shared.stage import Stage

_SHARE = 0.2  # of the time that is left
_MAX_LATE = 3


class FeatureReader:
    """Reads the feature store.

    After some late answers in a row it rests, so that pages do not wait in vain.
    """

    def __init__(self, store: FeatureStore, limit_ms: float, rest_seconds: float = 1.0) -> None:
        """A page waits `limit_ms` at most."""
        self._store = store
        self._limit_ms = limit_ms
        self._stage = Stage("features", max_late=_MAX_LATE, rest_seconds=rest_seconds, fair_ms=limit_ms / 2)

    async def read(self, request: PageRequest, deadline: Deadline) -> StoredPage:
        """What there is.

        Raises Missed, with the note for `degraded`, when the page goes without it.
        """
        limit_ms = min(self._limit_ms, deadline.remaining_ms() * _SHARE)
        return await self._stage.run(lambda: read_page(self._store, request, time.time()), limit_ms)
