"""Write down which page was shown, without holding it up."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable

from protos.events_pb2 import Impression
from protos.search_pb2 import SearchRequest
from services.gateway.ranked_window import RankedWindow
from shared.errors import AisleError
from shared.events.log import SEARCH_LOGS, EventLog, NewRecord

_LOGGER = logging.getLogger(__name__)
_BATCH = 500
_LINGER_SECONDS = 0.02  # lets the records of several pages share one append


class Impressions:
    """Publishes to the topic of search logs in the background, in order.

    At most `max_waiting` wait in memory; then the oldest is dropped. Those that the log refuses are dropped as well:
    a log that may be away is one that spools. Both are counted.
    """

    def __init__(self, log: EventLog, max_waiting: int) -> None:
        self._log, self._max_waiting = log, max_waiting
        self._waiting: deque[Callable[[], NewRecord]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()  # appended, dropped

    def publish(self, request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> None:
        """Note that the results at `places` (from 0) were shown just now; returns at once."""
        shown_at = time.time_ns()
        if len(self._waiting) >= self._max_waiting:
            self._waiting.popleft()
            self.counts["dropped"] += 1
        self._waiting.append(lambda: _record(request, query_id, window, places, shown_at))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(_LINGER_SECONDS)
            await self._append()

    async def _append(self) -> None:
        records: list[NewRecord] = []
        while self._waiting and len(records) < _BATCH:
            records.append(self._waiting.popleft()())
            await asyncio.sleep(0)  # pages go first
        try:
            await self._log.append(SEARCH_LOGS, records)
        except AisleError as error:
            self.counts["dropped"] += len(records)
            _LOGGER.warning("%d impressions are lost: %s", len(records), error)
        else:
            self.counts["appended"] += len(records)

    async def close(self) -> None:
        """Append what is left."""
        if self._task is not None:
            await self._task


def _record(
    request: SearchRequest, query_id: str, window: RankedWindow, places: range, shown_at_nanoseconds: int
) -> NewRecord:
    impression = Impression(
        query_id=query_id,
        query=request.query,
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        session_id=request.session_id,
        feature_names=window.feature_names,
        snapshot_version=window.snapshot_version,
        bundle_version=window.bundle_version,
        experiment_ids=request.experiment_ids,
    )
    impression.event_time.FromNanoseconds(shown_at_nanoseconds)
    for at in places:
        impression.products.add(
            product_id=window.product_ids[at],
            position=at + 1,
            relevance_score=window.relevance_scores[at],
            feature_values=window.feature_values[at].tolist() if at < len(window.feature_values) else (),
        )
    # One page of one search is one record, however often the append is tried.
    event_id = f"{query_id}/{places.start}/{shown_at_nanoseconds}"
    return NewRecord(request.visitor_id or query_id, impression.SerializeToString(), event_id)
