"""Write down which page was shown, without holding it up."""

import time

from protos.events_pb2 import Impression
from protos.search_pb2 import SearchRequest
from services.gateway.ranked_window import RankedWindow
from services.gateway.spool import Spool
from shared.events.log import NewRecord


class Impressions:
    """Publishes to the topic of search logs through a spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def publish(self, request: SearchRequest, query_id: str, window: RankedWindow, places: range) -> None:
        """Note that the results at `places` (from 0) were shown just now; returns at once."""
        shown_at = time.time_ns()
        self._spool.put(lambda: _record(request, query_id, window, places, shown_at))


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
