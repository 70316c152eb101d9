"""The step of the smoke test in which simulated shoppers bring about a round of learning."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from secrets import token_hex

from google.protobuf.json_format import ParseDict

from aisle.v1.events_pb2 import UserEvent
from aisle.v1.search_pb2 import SearchRequest
from cli.client import Client
from sample.crowd import Crowd, Visit
from sample.product import catalog
from shared.errors import AisleError, NotFound, Unavailable

_SEED = 7
_TRAINER = "trainer"
_DEADLINE_MS = 30_000
_PAGE_SIZE = 20
_AT_ONCE = 50  # searches, from one look at the trainer to the next
_MOST_SEARCHES = 1_000
_LONGEST_WAIT_SECONDS = 240.0
_POLL_SECONDS = 1.0


@dataclass
class LearningSmoke:
    """A crowd whose visitors nobody has seen before."""

    engine: Client
    name: str = field(default_factory=lambda: f"smoke-{token_hex(4)}-")

    def learns(self) -> str:
        """Search and click until the trainer has held a round. Returns how it ended.

        A shop of other products than the sample's is left alone. Raises Unavailable without a round.
        """
        before = self._last_round()
        if before is None:
            return "left out: no trainer runs"
        crowd = Crowd(catalog(_SEED), _SEED, datetime.now(UTC), name=self.name)
        if not self._is_sample(crowd):
            return "left out: this is not the sample shop"
        visits = crowd.visits(0.01, _MOST_SEARCHES)
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while time.monotonic() < until:
            if not self._shop(crowd, islice(visits, _AT_ONCE)):
                time.sleep(_POLL_SECONDS)
            last = self._last_round()
            if last and last != before:
                return f"a round of learning, {last}"
        raise Unavailable(f"the trainer held no round after {_MOST_SEARCHES:,} searches; its log says why")

    def _last_round(self) -> str | None:
        """How the trainer's last round ended; empty: none yet; None: there is no trainer."""
        trainers = [each for each in self.engine.status().replicas if each.service == _TRAINER]
        return max((each.status.learning for each in trainers), default=None)

    def _is_sample(self, crowd: Crowd) -> bool:
        made = crowd.catalog[0]
        try:
            return self.engine.get_product(made.product_id).title == str(made.row["title"])
        except NotFound:
            return False

    def _shop(self, crowd: Crowd, visits: Iterator[Visit]) -> int:
        """Returns how many searches there were."""
        count = 0
        for visit in visits:
            count += 1
            request = SearchRequest(
                query=visit.asked.text,
                visitor_id=visit.visitor_id,
                page_size=_PAGE_SIZE,
                deadline_ms=_DEADLINE_MS,
            )
            page = self.engine.search(request)
            ids = [result.product.product_id for result in page.results]
            self._act(crowd, visit, page.query_id, ids)
        return count

    def _act(self, crowd: Crowd, visit: Visit, query_id: str, ids: list[str]) -> None:
        acts = crowd.acts(visit, query_id, ids, datetime.now(UTC))
        # They happen when they arrive: this crowd is on the clock of everybody
        events = [ParseDict({**act, "event_time": None}, UserEvent()) for act in acts]
        for ack in self.engine.stream_events(events):
            if ack.reason:
                raise AisleError(f"an event of {visit.visitor_id} does not count: {ack.reason}")
