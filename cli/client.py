"""A blocking client of the gateway for the command line. It raises AisleErrors."""

import time
from collections.abc import Iterable, Iterator
from typing import Self

import grpc

from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Product,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventAck, StreamEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from aisle.v1.recommend_pb2_grpc import RecommendServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from shared.errors import AisleError, Unavailable
from shared.rpc.channels import OPTIONS
from shared.rpc.errors import from_call

DEFAULT_ADDRESS = "localhost:50051"
# In addition to a page's deadline: a slow start must not look like a dead engine
_MARGIN_SECONDS = 30.0
# gRPC's own messages; the gateway's begin with the name of a stage.
_UNREACHABLE = ("failed to connect", "errors resolving", "Failed to create channel")

_RETRY_SECONDS = 0.5
_LATE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Client:
    """Calls the server at `address`. It is a context manager."""

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        self._address = address
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._search = SearchServiceStub(self._channel)
        self._recommend = RecommendServiceStub(self._channel)
        self._catalog = CatalogServiceStub(self._channel)
        self._events = EventServiceStub(self._channel)
        self._admin = AdminServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def search(self, request: SearchRequest) -> SearchResponse:
        """One page."""
        try:
            return self._search.Search(request, timeout=request.deadline_ms / 1000 + _MARGIN_SECONDS)
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def recommend(self, request: RecommendRequest) -> RecommendResponse:
        """One page of recommendations."""
        try:
            return self._recommend.Recommend(request, timeout=request.deadline_ms / 1000 + _MARGIN_SECONDS)
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def upsert_products(self, requests: Iterable[UpsertProductsRequest]) -> UpsertProductsResponse:
        """Add or replace products. They are durable when this returns."""
        try:
            return self._catalog.UpsertProducts(iter(requests))
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def delete_products(self, product_ids: Iterable[str]) -> int:
        """Remove products. The removal is durable when this returns.

        Returns the log's position after it.
        """
        try:
            return self._catalog.DeleteProducts(DeleteProductsRequest(product_ids=product_ids)).log_position
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def get_product(self, product_id: str) -> Product:
        """A product as searches show it. Raises NotFound."""
        try:
            return self._catalog.GetProduct(
                GetProductRequest(product_id=product_id), timeout=_MARGIN_SECONDS
            ).product
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def wait_until_shown(self, product_id: str, log_position: int, seconds: float) -> None:
        """Return once searches show the write of a product.

        Raises Unavailable if that takes more than `seconds`.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            request = GetProductRequest(product_id=product_id, wait_for_visible=log_position)
            try:
                self._catalog.GetProduct(request, timeout=min(left, _MARGIN_SECONDS))
                return
            except grpc.RpcError as error:
                # It was shown, and has been removed since
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    return
                if error.code() not in _LATE:
                    raise self._translated(error) from error
                time.sleep(min(left, _RETRY_SECONDS))
        raise Unavailable(
            f"written, but not shown within {seconds:.0f} s; the indexer continues, ask again later"
        )

    def stream_events(self, events: Iterable[UserEvent]) -> Iterator[EventAck]:
        """Yield an acknowledgement for each event, in order."""
        try:
            for response in self._events.StreamEvents(StreamEventsRequest(event=event) for event in events):
                yield response.ack
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def status(self) -> GetStatusResponse:
        """What the server serves."""
        try:
            return self._admin.GetStatus(GetStatusRequest(), timeout=_MARGIN_SECONDS)
        except grpc.RpcError as error:
            raise self._translated(error) from error

    def _translated(self, error: grpc.RpcError) -> AisleError:
        if (error.details() or "").startswith(_UNREACHABLE):
            return Unavailable(
                f"no engine answers at {self._address}; start one with `aisle serve`, or name its --address"
            )
        return from_call(error)
