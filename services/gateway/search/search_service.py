"""Search on the wire: one page, within its deadline, from whatever answers in time."""

from collections.abc import Mapping
from typing import Any

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from aisle.v1.search_pb2_grpc import SearchServiceServicer
from services.gateway import validation
from services.gateway.config import GatewayConfig
from services.gateway.ports import Embedding, Reranker, Retrieval
from services.gateway.search.listing import Listing
from services.gateway.search.page_flow import PageFlow, PageKind
from services.gateway.search.page_parts import PageParts
from services.gateway.search.ranking import Ranking
from services.gateway.signatures import Signatures
from shared.cache import Cache
from shared.events.log import EventLog


class SearchService(SearchServiceServicer):
    def __init__(  # noqa: PLR0913  (what a page is made of)
        self,
        embedding: Embedding,
        retrieval: Retrieval,
        reranker: Reranker,
        log: EventLog,
        config: GatewayConfig,
        signatures: Signatures,
        shared_windows: Cache | None = None,
    ) -> None:
        """`shared_windows` is where gateways find each other's ranked windows; None.

        Nobody else has any.
        """
        self.parts = PageParts.of(retrieval, log, config, signatures, shared_windows)
        ranking = Ranking(embedding, retrieval, reranker, config.window_size, config.deadline_ms)
        kind = PageKind(validation.check, _itself, _searched, ranking.rank)
        listing = Listing(self.parts.pages, self.parts.windows, ranking)
        self._flow = PageFlow[SearchRequest](self.parts, kind, listing)
        # Of the flow, and pages, pages.<tier>
        self._counts = self._flow.counts

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        """See protos/aisle/v1/search.proto."""
        response = await self._flow.page(validation.read_part(request), context)
        self._counts["pages"] += 1
        self._counts[f"pages.{Tier.Name(response.served_by.tier)}"] += 1
        return response

    def counts(self) -> Mapping[str, int]:
        """Pages and impressions since the start, by the names of GetStatusResponse.counts."""
        return {**self._counts, **self.parts.counts()}

    async def close(self) -> None:
        """Hand the impressions that are still here to the log."""
        await self.parts.impressions.close()


def _itself(request: SearchRequest) -> SearchRequest:
    return request


def _searched(request: SearchRequest) -> bytes:
    """What makes it this search and no other, whichever of its pages is asked for."""
    asked = SearchRequest(
        query=request.query,
        visitor_id=request.visitor_id,
        user_id=request.user_id,
        filters=request.filters,
        where=request.where,
        facets=request.facets,
        order_by=request.order_by,
        currency_code=request.currency_code,
        max_tier=request.max_tier,
        explain=request.explain,
        language_code=request.language_code,
        as_typed=request.as_typed,
        variants=request.variants,
    )
    return asked.SerializeToString(deterministic=True)
