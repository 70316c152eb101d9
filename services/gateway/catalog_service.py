"""Catalogue writes on the wire: acknowledged once the log has them."""

from collections.abc import AsyncIterator
from typing import Any

from protos.catalog_pb2 import (
    DeleteProductsRequest,
    DeleteProductsResponse,
    GetProductRequest,
    GetProductResponse,
    Product,
    ProductRejection,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from protos.catalog_pb2_grpc import CatalogServiceServicer
from services.gateway.arrivals import batches, unhurried
from services.gateway.ports import CatalogView
from services.gateway.validation import id_fault
from shared.catalog import validation, wire
from shared.errors import AisleError, InvalidRequest, NotFound
from shared.events.log import CATALOG, EventLog, NewRecord

_MAX_BATCH = 500
_MAX_LISTED = 1_000
_MAX_DELETED = 10_000
_PRODUCT_BYTES = 4 << 20  # as a line of a catalogue file
_TIMES = ("publish_time", "available_time", "expire_time")
_NANOS = "has nanos outside 0 to 999999999; send a timestamp"


class CatalogService(CatalogServiceServicer):
    def __init__(self, log: EventLog, view: CatalogView) -> None:
        self._log, self._view = log, view

    async def UpsertProducts(
        self, requests: AsyncIterator[UpsertProductsRequest], context: Any = None
    ) -> UpsertProductsResponse:
        """See protos/catalog.proto."""
        answer = UpsertProductsResponse(log_position=await self._log.end_offset(CATALOG))
        async for batch in batches(requests, _MAX_BATCH):
            await self._upsert([request.product for request in batch], answer)
        return answer

    async def _upsert(self, products: list[Product], answer: UpsertProductsResponse) -> None:
        """Append what is valid, and add what became of each to the answer."""
        start = answer.accepted_count + answer.rejected_count
        records = []
        async for position, product in unhurried(enumerate(products, start + 1)):
            rejection = _rejection(position, product)
            if rejection is None:
                records.append(NewRecord(product.product_id, product.SerializeToString()))
                continue
            answer.rejected_count += 1
            if len(answer.rejections) < _MAX_LISTED:
                answer.rejections.append(rejection)
        try:
            appended = await self._log.append(CATALOG, records)
        except AisleError as error:
            handled = f"products 1 to {start} of the stream were" if start else "no product of the stream was"
            raise type(error)(f"{error}; {handled} handled: send the rest again") from error
        answer.accepted_count += len(records)
        if appended:
            answer.log_position = appended[-1].offset

    async def DeleteProducts(self, request: DeleteProductsRequest, context: Any = None) -> DeleteProductsResponse:
        """See protos/catalog.proto."""
        if not 1 <= len(request.product_ids) <= _MAX_DELETED:
            raise InvalidRequest("product_ids", f"has {len(request.product_ids)}; send 1 to {_MAX_DELETED}")
        for index, product_id in enumerate(request.product_ids):
            if fault := id_fault(product_id):
                raise InvalidRequest(f"product_ids[{index}]", fault)
        appended = await self._log.append(CATALOG, [NewRecord(product_id, None) for product_id in request.product_ids])
        return DeleteProductsResponse(log_position=appended[-1].offset)

    async def GetProduct(self, request: GetProductRequest, context: Any = None) -> GetProductResponse:
        """See protos/catalog.proto."""
        if fault := id_fault(request.product_id):
            raise InvalidRequest("product_id", fault)
        written = await self._view.product(request.product_id)
        if written is None:
            raise NotFound(f"product_id: there is no product {request.product_id!r}")
        return GetProductResponse(product=Product.FromString(written.payload), searchable=written.searchable)


def _rejection(position: int, message: Product) -> ProductRejection | None:
    found = _violations(message)
    if not found:
        return None
    return ProductRejection(
        position=position, product_id=message.product_id, field=found[0].field, reason=found[0].reason
    )


def _violations(message: Product) -> list[validation.Violation]:
    if (size := message.ByteSize()) > _PRODUCT_BYTES:
        return [validation.Violation("product", f"has {size:,} bytes; keep it within {_PRODUCT_BYTES:,}")]
    return [*_violations_of_times(message), *validation.violations(wire.from_message(message))]


def _violations_of_times(message: Product) -> list[validation.Violation]:
    """Timestamps that are none: a product has its times in seconds and would not show it."""
    nanos = {name: getattr(message, name).nanos for name in _TIMES}
    return [validation.Violation(name, _NANOS) for name, value in nanos.items() if not 0 <= value < 1_000_000_000]
