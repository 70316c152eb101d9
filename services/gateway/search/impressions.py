"""Logs which pages were shown, in the background."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.v1.events_pb2 import Impression
from aisle.v1.search_pb2 import SearchRequest
from services.gateway.search.ranked_window import RankedWindow
from shared import clock
from shared.errors import AisleError
from shared.events.log import SEARCH_LOGS, EventLog, NewRecord, RecordsRefused

_LOG = logging.getLogger(__name__)
_BATCH = 500
_LINGER_SECONDS = 0.1  # lets the records of several pages share one append

Recording = Callable[[], NewRecord]  # makes a record later, because pages go first


@dataclass(frozen=True, slots=True)
class _Shown:
    """One result.

    A copy, so that waiting impressions do not keep whole windows and requests in memory.
    """

    product_id: str
    position: int
    relevance_score: float
    feature_values: NDArray[np.float32]
    propensity: float | None  # None: its place was not drawn


class ShownPages(Protocol):
    """Takes note of the pages that were shown."""

    counts: Counter[str]  # appended, dropped

    def publish(self, request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> None:
        """Note that the results at `places` (from 0) were shown just now. Returns at once."""

    async def flush(self) -> None:
        """Append what waits. Later pages are noted as before."""


class Impressions:
    """Publishes to the topic of search logs in the background, in order.

    At most `max_waiting` wait in memory; then the oldest is dropped. Those that the log refuses are
    dropped as well, so a log that may be down needs a spool. Both are counted.
    """

    def __init__(self, log: EventLog, max_waiting: int) -> None:
        self._log = log
        self._max_waiting = max_waiting
        self._waiting: deque[Recording] = deque()
        self._task: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()  # appended, dropped

    def publish(self, request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> None:
        """Note that the results at `places` (from 0) were shown just now. Returns at once."""
        self.add(recording(request, query_id, window, places))

    def add(self, record: Recording) -> None:
        """Append a record in the background. Returns at once."""
        if len(self._waiting) >= self._max_waiting:
            self._waiting.popleft()
            self.counts["dropped"] += 1
        self._waiting.append(record)
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
            outcomes = error.outcomes if isinstance(error, RecordsRefused) else [str(error)] * len(records)
            lost = sum(isinstance(outcome, str) for outcome in outcomes)
            self.counts["dropped"] += lost
            self.counts["appended"] += len(records) - lost
            _LOG.warning("%d impressions are lost: %s", lost, error)
        else:
            self.counts["appended"] += len(records)

    async def flush(self) -> None:
        """Append the waiting impressions. Later ones are appended as before."""
        if self._task is not None:
            await self._task


def recording(request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> Recording:
    """What makes the record of the results at `places` (from 0), shown now."""
    page = _page(request, query_id, window)
    shown = [_shown(window, at) for at in places]
    shown_at = clock.now_ns()
    start = window.message.places_before + places.start
    event_id = f"{query_id}/{start}/{shown_at}"
    return lambda: _record(page, shown, event_id, shown_at)


def _page(request: SearchRequest, query_id: str, window: RankedWindow) -> Impression:
    """The impression without its results."""
    return Impression(
        query_id=query_id,
        query=request.query,
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        session_id=request.session_id,
        feature_names=window.message.feature_names,
        snapshot_version=window.message.snapshot_version,
        bundle_version=window.message.bundle_version,
        experiment_ids=request.experiment_ids,
        placement=window.message.placement,
        seed_product_ids=window.message.seed_product_ids,
    )


def _shown(window: RankedWindow, at: int) -> _Shown:
    features = window.feature_values[at : at + 1].reshape(-1).copy()
    message = window.message
    position = message.places_before + at + 1
    propensity = message.explored_propensity if position == message.explored_place else None
    return _Shown(message.product_ids[at], position, message.relevance_scores[at], features, propensity)


def _record(page: Impression, shown: list[_Shown], event_id: str, shown_at_nanoseconds: int) -> NewRecord:
    """The record of a page. Its event_id makes the append idempotent."""
    impression = Impression()
    impression.CopyFrom(page)
    impression.event_time.FromNanoseconds(shown_at_nanoseconds)
    for result in shown:
        impression.products.add(
            product_id=result.product_id,
            position=result.position,
            relevance_score=result.relevance_score,
            feature_values=result.feature_values.tolist(),
            propensity=result.propensity,
        )
    return NewRecord(page.visitor_id or page.query_id, impression.SerializeToString(), event_id)
