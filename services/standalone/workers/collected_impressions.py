"""The impressions of the page that a worker makes now, which go back with it."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar

from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.worker_pb2 import ImpressionRecord
from services.gateway.search.impressions import Recording, recording
from services.gateway.search.ranked_window import RankedWindow

_of_this_page: ContextVar[list[Recording]] = ContextVar("impressions")


class CollectedImpressions:
    """ShownPages of a page worker. Each page has a task of its own."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # the first process counts

    def begin(self) -> None:
        """Begin a page in this task."""
        _of_this_page.set([])

    def publish(self, request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> None:
        """See ShownPages."""
        _of_this_page.get().append(recording(request, query_id, window, places))

    def taken(self) -> list[ImpressionRecord]:
        """The records of this task's page."""
        records = (record() for record in _of_this_page.get())
        return [
            ImpressionRecord(key=each.key, value=each.value or b"", event_id=each.event_id or "")
            for each in records
        ]

    async def flush(self) -> None:
        """See ShownPages."""
