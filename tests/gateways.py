"""The gateways of a shop, as their clients call them."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import DeleteProductsRequest, Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import (
    EVENT_STATUS_ACCEPTED,
    EVENT_STATUS_DUPLICATE,
    EventProduct,
    RecordEventsRequest,
    UserEvent,
)
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest, Tier
from aisle.v1.search_pb2_grpc import SearchServiceStub
from shared.rpc.channels import connect_replica

_CALL_SECONDS = 20.0


@dataclass(frozen=True)
class Page:
    """The outcome of a page. Moments are time.monotonic()'s."""

    began: float
    ended: float
    tier: str = ""  # empty if there was no error
    left_out: tuple[str, ...] = ()
    failure: str = ""


class Gateways:
    """Clients of all gateways, which call those that report SERVING."""

    def __init__(self, target: str) -> None:
        names = ("SearchService", "CatalogService", "EventService")
        channels = [connect_replica(target, f"aisle.v1.{name}") for name in names]
        self._channels = channels
        self.search: Any = SearchServiceStub(channels[0])
        self.catalog: Any = CatalogServiceStub(channels[1])
        self.events: Any = EventServiceStub(channels[2])
        self._addresses = target.removeprefix("ipv4:").split(",")

    def events_of(self, number: int) -> Any:
        """The gateway for a visitor's events, the same one as long as it lives.

        Each gateway keeps their order.
        """
        first = number % len(self._addresses)
        addresses = self._addresses[first:] + self._addresses[:first]
        options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1_000)]
        self._channels.append(grpc.aio.insecure_channel(f"ipv4:{','.join(addresses)}", options=options))
        return EventServiceStub(self._channels[-1])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for channel in self._channels:
            await channel.close()

    async def write(self, product: Product, *fields: str) -> int:
        """Upsert a product, or some of its fields. Returns the log's position."""

        async def one() -> AsyncIterator[UpsertProductsRequest]:
            yield UpsertProductsRequest(product=product, update_mask=FieldMask(paths=fields))

        answer = await self.catalog.UpsertProducts(one(), timeout=_CALL_SECONDS)
        if not answer.accepted_count:
            raise AssertionError(answer.rejections)
        return int(answer.log_position)

    async def remove(self, product_id: str) -> int:
        wanted = DeleteProductsRequest(product_ids=[product_id])
        return int((await self.catalog.DeleteProducts(wanted, timeout=_CALL_SECONDS)).log_position)

    async def buy(
        self,
        event_id: str,
        visitor_id: str,
        product_id: str,
        events: Any = None,
        query_id: str = "",
    ) -> None:
        """Record a purchase, from a page of the visitor (page_of) or from none."""
        event = UserEvent(event_id=event_id, action="purchase", visitor_id=visitor_id, query_id=query_id)
        event.products.append(EventProduct(product_id=product_id))
        event.event_time.FromNanoseconds(time.time_ns())
        (ack,) = (
            await (events or self.events).RecordEvents(
                RecordEventsRequest(events=[event]), timeout=_CALL_SECONDS
            )
        ).acks
        assert ack.status in (EVENT_STATUS_ACCEPTED, EVENT_STATUS_DUPLICATE), ack

    async def page_of(self, visitor_id: str, query: str) -> str:
        """The query_id of a page that is made for a visitor."""
        request = SearchRequest(query=query, visitor_id=visitor_id, page_size=1)
        return str((await self.search.Search(request, timeout=_CALL_SECONDS)).query_id)

    async def page(self, request: SearchRequest) -> Page:
        began = time.monotonic()
        try:
            served_by = (await self.search.Search(request, timeout=_CALL_SECONDS)).served_by
        except grpc.aio.AioRpcError as error:
            return Page(began, time.monotonic(), failure=f"{error.code().name}: {error.details()}")
        return Page(began, time.monotonic(), Tier.Name(served_by.tier), tuple(served_by.degraded))
