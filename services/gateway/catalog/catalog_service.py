"""Catalogue writes on the wire. They are acknowledged once the log has them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    DeleteProductsResponse,
    GetProductRequest,
    GetProductResponse,
    Product,
    ProductRejection,
    UpsertProductsRequest,
    UpsertProductsResponse,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceServicer
from aisle.v1.retrieval_pb2 import FetchProductsRequest
from services.gateway.catalog.latest_times import LatestTimes
from services.gateway.catalog.shown_products import ShownProducts
from services.gateway.catalog.upserts import Fault, Outcome, outcomes, update_times
from services.gateway.peer import peer_of
from services.gateway.ports import Retrieval
from services.gateway.stream_batches import stream_batches
from services.gateway.validation import id_fault
from services.gateway.visibility import Visibility
from shared.catalog import writes
from shared.errors import AisleError, InvalidRequest, NotFound, shortened
from shared.events.log import CATALOG, EventLog
from shared.time_slice import in_slices

_MAX_BATCH = 500
_MAX_LISTED = 1_000
_MAX_DELETED = 10_000
_MAX_WAIT_MS = 30_000.0
_KEPT_MS = 50.0  # of the call's own deadline, reserved for the answer


class CatalogService(CatalogServiceServicer):
    def __init__(self, log: EventLog, retrieval: Retrieval) -> None:
        self._log = log
        self._retrieval = retrieval
        self._visibility = Visibility(log, retrieval)
        self._removed: dict[str, None] = {}  # ids that this gateway removed, latest last
        self._times = LatestTimes()
        self._timing = asyncio.Lock()

    async def UpsertProducts(
        self, requests: AsyncIterator[UpsertProductsRequest], context: Any = None
    ) -> UpsertProductsResponse:
        """See protos/aisle/v1/catalog.proto."""
        answer = UpsertProductsResponse()
        async with aclosing(stream_batches(requests, _MAX_BATCH)) as arriving:
            async for batch in arriving:
                try:
                    await self._upsert(batch, answer)
                except AisleError as error:
                    count = _handled(answer)
                    handled = (
                        f"products 1 to {count} of the stream were"
                        if count
                        else "no product of the stream was"
                    )
                    words = f"; {handled} handled: send the rest again"
                    raise error.extended(words, handled_count=str(count)) from error
        answer.log_position = await self._shown(answer).position()
        return answer

    def _shown(self, answer: UpsertProductsResponse) -> ShownProducts:
        return ShownProducts(self._log, self._retrieval, answer.log_position)

    async def _upsert(self, batch: Sequence[UpsertProductsRequest], answer: UpsertProductsResponse) -> None:
        """Append valid products, and add the outcome of each to the answer."""
        timed = list(update_times(batch))
        if not timed:
            await self._write(batch, answer, None)
            return
        async with self._timing:  # of two states of a product, the log must have the newer one last
            self._times.begin(await self._log.end_offset(CATALOG))
            await self._write(batch, answer, self._times)

    async def _write(
        self,
        batch: Sequence[UpsertProductsRequest],
        answer: UpsertProductsResponse,
        times: LatestTimes | None,
    ) -> None:
        found = await outcomes(batch, self._shown(answer), self._removed.keys(), times)
        accepted = [place for place, each in enumerate(found) if not isinstance(each, Fault)]
        if times is not None:
            for product_id, update_time in update_times(batch[place] for place in accepted):
                times.note(product_id, update_time)
        records = [record for each in found if not isinstance(each, Fault) for record in each]
        for record in records:
            self._removed.pop(record.key, None)
        if records:
            answer.log_position = (await self._log.append(CATALOG, records))[-1].offset
        _add(answer, batch, found)

    async def DeleteProducts(
        self, request: DeleteProductsRequest, context: Any = None
    ) -> DeleteProductsResponse:
        """See protos/aisle/v1/catalog.proto."""
        if not 1 <= len(request.product_ids) <= _MAX_DELETED:
            raise InvalidRequest("product_ids", (f"has {len(request.product_ids)}; send 1 to {_MAX_DELETED}"))
        records = []
        async for index, product_id in in_slices(enumerate(request.product_ids)):
            if fault := id_fault(product_id):
                raise InvalidRequest(f"product_ids[{index}]", fault)
            records += writes.removals([product_id])
        self._remember(request.product_ids)
        appended = await self._log.append(CATALOG, records)
        return DeleteProductsResponse(log_position=appended[-1].offset)

    def _remember(self, product_ids: Sequence[str]) -> None:
        """Remember removed ids, so that later field writes are not checked against products that
        are still shown.
        """
        for product_id in product_ids:
            self._removed.pop(product_id, None)
        self._removed |= dict.fromkeys(product_ids)
        while len(self._removed) > _MAX_DELETED:
            del self._removed[next(iter(self._removed))]

    async def GetProduct(self, request: GetProductRequest, context: Any = None) -> GetProductResponse:
        """See protos/aisle/v1/catalog.proto."""
        if fault := id_fault(request.product_id):
            raise InvalidRequest("product_id", fault)
        position = request.wait_for_visible
        wait_ms = _wait_ms(context)
        wanted = FetchProductsRequest(
            product_ids=[request.product_id], wait_for_visible=position, budget_ms=wait_ms
        )
        async with self._visibility.waiting(position, wait_ms, peer_of(context)):
            fetched = await self._retrieval.FetchProducts(wanted)
        if not fetched.products:
            raise NotFound(f"product_id: there is no product {request.product_id!r}")
        return GetProductResponse(product=fetched.products[0], log_position=fetched.log_position)


def _handled(answer: UpsertProductsResponse) -> int:
    return answer.accepted_count + answer.rejected_count + answer.not_applied_count


def _add(
    answer: UpsertProductsResponse,
    batch: Sequence[UpsertProductsRequest],
    found: Sequence[Outcome],
) -> None:
    """Count the outcomes of a batch, and list those that were not accepted."""
    first = _handled(answer) + 1
    for place, each in enumerate(found):
        if not isinstance(each, Fault):
            answer.accepted_count += 1
            continue
        listed = answer.not_applied if each.is_outdated else answer.rejections
        if each.is_outdated:
            answer.not_applied_count += 1
        else:
            answer.rejected_count += 1
        if len(listed) < _MAX_LISTED:
            listed.append(_rejection(first + place, batch[place].product, each))


def _wait_ms(context: Any) -> float:
    """How long the caller waits for an answer."""
    left_seconds = context.time_remaining() if context is not None else None
    if left_seconds is None:
        return _MAX_WAIT_MS
    return float(min(_MAX_WAIT_MS, max(1.0, left_seconds * 1e3 - _KEPT_MS)))


def _rejection(position: int, message: Product, fault: Fault) -> ProductRejection:
    return ProductRejection(
        position=position,
        product_id=shortened(message.product_id),
        field=fault.field,
        reason=shortened(fault.reason),
    )
