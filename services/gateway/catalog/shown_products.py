"""Reads the products that searches show."""

from collections.abc import Sequence
from dataclasses import dataclass

from aisle.v1.catalog_pb2 import Product
from aisle.v1.retrieval_pb2 import FetchProductsRequest
from services.gateway.ports import Retrieval
from shared.events.log import CATALOG, EventLog

_FETCHED_BYTES = 16 << 20  # of products in a message; a channel takes 32 MiB


@dataclass(frozen=True, slots=True)
class ShownProducts:
    """The shown products for a call that writes products."""

    log: EventLog
    retrieval: Retrieval
    written: int = 0  # position of the call's last write; 0: none yet

    async def position(self) -> int:
        """The position in the catalogue's log of earlier writes.

        These are the call's own, or else those of any caller.
        """
        return self.written or await self.log.end_offset(CATALOG)

    async def by_ids(
        self, product_ids: Sequence[str], log_position: int = 0, wait_ms: float = 0
    ) -> list[Product]:
        """The products that exist, once the log up to a position is shown.

        Raises Unavailable if that takes too long.
        """
        found: list[Product] = []
        wanted = list(product_ids)
        while True:  # large products come in several messages
            fetched = await self.retrieval.FetchProducts(
                FetchProductsRequest(
                    product_ids=wanted,
                    wait_for_visible=log_position,
                    budget_ms=wait_ms,
                    max_bytes=_FETCHED_BYTES,
                )
            )
            found.extend(fetched.products)
            if not fetched.shortened:
                return found
            wanted = wanted[wanted.index(found[-1].product_id) + 1 :]
