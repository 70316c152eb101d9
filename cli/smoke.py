"""Checks that a running server works: python -m cli.smoke [--address HOST:PORT]

It searches, writes a product of its own, finds it, clicks on it, checks that the next page knows
the click, asks for recommendations, and removes the product. With --learning simulated shoppers then
bring about a round of learning. `make smoke` runs it on the host against docker compose. If a
step fails, it prints the reason, and the exit code is 1.
"""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from aisle.v1.admin_pb2 import GetStatusResponse, ReplicaState
from aisle.v1.catalog_pb2 import Price, Product, UpsertProductsRequest
from aisle.v1.events_pb2 import EventProduct, EventStatus, UserEvent
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from cli.client import DEFAULT_ADDRESS, Client
from cli.smoke_learning import LearningSmoke
from cli.terminal.console import say
from shared.errors import AisleError

QUERY = "something to keep coffee hot"
# The test is of function, not speed: no stage may be left out on a busy machine
_DEADLINE_MS = 30_000
_LONGEST_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.1
_AFFINITY = "affinity"  # the part of a score that a visitor's recent products add


class Missed(AisleError):
    """Raised if a step does not show the expected result."""


@dataclass
class Smoke:
    """One walk through the shop, with a new visitor and a unique product."""

    engine: Client
    name: str = field(default_factory=lambda: f"smoke-{token_hex(4)}")

    def steps(self) -> Iterator[tuple[str, str]]:
        """Yield (step, result) after each step. Raises AisleError for the first one that fails."""
        yield "status", self._serves()
        yield "search", self._searches()
        try:
            yield "upsert", self._writes()
            yield "event", self._clicks()
            yield "recommend", self._recommends()
        finally:
            position = self.engine.delete_products([self.name])
            started = time.monotonic()
        yield "delete", self._is_gone(position, started)

    def _serves(self) -> str:
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while True:  # a process that waits for a processor does not answer in time either
            try:
                return _described(self.engine.status())
            except Missed:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL_SECONDS)

    @property
    def _title(self) -> str:
        return f"Porcelain teapot {self.name}"

    def _searches(self) -> str:
        page = self._until(lambda page: not page.served_by.degraded, QUERY)
        if page.served_by.degraded:
            raise Missed(f"every page leaves something out: {', '.join(page.served_by.degraded)}")
        if page.served_by.tier != Tier.TIER_RERANKED:
            raise Missed(f"the page is {Tier.Name(page.served_by.tier)}, not reranked")
        return (
            f"{page.total_count:,} products for {QUERY!r}, reranked, "
            f"in {page.served_by.stage_ms['total']:.0f} ms"
        )

    def _writes(self) -> str:
        price = Price(amount=19.0)
        product = Product(product_id=self.name, title=self._title, price=price, tags=["smoke"])
        answer = self.engine.upsert_products([UpsertProductsRequest(product=product)])
        if answer.rejections:
            raise Missed(f"the product was rejected: {answer.rejections[0].reason}")
        started = time.monotonic()
        page = self._page(self._title, wait_for_visible=answer.log_position)
        if page.results[0].product.product_id != self.name:
            raise Missed(f"{self._title!r} was written, but is not what its title finds first")
        return f"{self.name} is found first, {_ms(started)} after it was written"

    def _clicks(self) -> str:
        products = [EventProduct(product_id=self.name)]
        click = UserEvent(event_id=self.name, action="click", visitor_id=self.name, products=products)
        (ack,) = self.engine.stream_events([click])
        if ack.status != EventStatus.EVENT_STATUS_ACCEPTED:
            raise Missed(f"the click was not accepted: {ack.reason}")
        started = time.monotonic()
        page = self._until(_knows_the_visitor, QUERY, visitor_id=self.name, explain=True)
        if not _knows_the_visitor(page):
            raise Missed(
                f"the click was accepted, but pages do not know of it after {_LONGEST_WAIT_SECONDS:.0f} s"
            )
        return f"the visitor's next page knows the click, {_ms(started)} after it was accepted"

    def _recommends(self) -> str:
        similar = self._recommended("similar", product_ids=[self.name])
        if not similar or self.name in similar:
            raise Missed(f"nothing else is similar to {self.name}: {', '.join(similar[:5])}")
        if self.name not in self._recommended("recently_viewed", visitor_id=self.name):
            raise Missed(f"{self.name} was clicked on, but is not among what was viewed recently")
        return f"{len(similar)} products are similar to {self.name}, which its visitor viewed recently"

    def _recommended(self, placement: str, **asked: Any) -> list[str]:
        request = RecommendRequest(placement=placement, deadline_ms=_DEADLINE_MS, unlogged=True, **asked)
        return [result.product.product_id for result in self.engine.recommend(request).results]

    def _is_gone(self, position: int, started: float) -> str:
        page = self._page(self._title, wait_for_visible=position)
        if self.name in (result.product.product_id for result in page.results):
            raise Missed(f"{self.name} was removed, but is still found")
        return f"{self.name} is gone, {_ms(started)} after it was removed"

    def _until(self, good: Callable[[SearchResponse], bool], query: str, **asked: Any) -> SearchResponse:
        """The first page that meets the condition, or the last one when the time is up.

        A busy machine may leave a stage out once.
        """
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while not good(page := self._page(query, **asked)) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return page

    def _page(self, query: str, **asked: Any) -> SearchResponse:
        page = self.engine.search(SearchRequest(query=query, page_size=10, deadline_ms=_DEADLINE_MS, **asked))
        if not page.results:
            raise Missed(f"nothing is found for {query!r}; is a catalogue loaded? See `aisle load`")
        return page


def _knows_the_visitor(page: SearchResponse) -> bool:
    return any(
        part.feature == _AFFINITY for result in page.results for part in result.explanation.contributions
    )


def _described(status: GetStatusResponse) -> str:
    """Raises Missed, naming the processes behind the gateway that do not serve."""
    absent = [each for each in status.replicas if each.state != ReplicaState.REPLICA_STATE_SERVING]
    if absent:
        names = ", ".join(f"{each.service} at {each.address}" for each in absent)
        raise Missed(f"not serving: {names}")
    if status.waiting_for:
        raise Missed(f"the gateway waits for {status.waiting_for}")
    behind = f", {len(status.replicas)} processes behind the gateway serve" if status.replicas else ""
    return f"{status.product_count:,} products in snapshot {status.snapshot_version}{behind}"


def _ms(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:,.0f} ms"


def main() -> int:
    """Run it against the server that the command line names. Returns the exit code."""
    parser = ArgumentParser(prog="python -m cli.smoke", description=__doc__.partition("\n")[0])
    default = os.environ.get("AISLE_ADDRESS", DEFAULT_ADDRESS)
    parser.add_argument("--address", default=default, metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument("--learning", action="store_true", help="then shop until the trainer learns")
    arguments = parser.parse_args()
    address = arguments.address
    try:
        with Client(address) as engine:
            for step, outcome in Smoke(engine).steps():
                say(f"{step:<11}{outcome}")
            if arguments.learning:
                say(f"{'learn':<11}{LearningSmoke(engine).learns()}")
    except AisleError as error:
        print(f"smoke: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
