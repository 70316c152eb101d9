"""Search on the wire: one page within its deadline, from the stages that answer in time."""

from collections.abc import Mapping
from typing import Any

from aisle.v1.search_pb2 import SearchRequest, SearchResponse, Tier
from aisle.v1.search_pb2_grpc import SearchServiceServicer
from services.gateway import validation
from services.gateway.config import GatewayConfig
from services.gateway.ports import Embedding, Reranker, SearchRetrieval
from services.gateway.search.absences import Absences
from services.gateway.search.listing import Listing
from services.gateway.search.model_stage import ModelStage
from services.gateway.search.page_flow import PageFlow, PageKind
from services.gateway.search.page_parts import PageParts
from services.gateway.search.ranking import Ranking
from services.gateway.signatures import Signatures
from shared.cache import Cache
from shared.events.log import EventLog


class SearchService(SearchServiceServicer):
    def __init__(  # noqa: PLR0913  (the parts of a page)
        self,
        embedding: Embedding,
        retrieval: SearchRetrieval,
        reranker: Reranker,
        log: EventLog,
        config: GatewayConfig,
        signatures: Signatures,
        shared_windows: Cache | None = None,
    ) -> None:
        """`shared_windows` holds the ranked windows of all gateways. None for a single gateway."""
        self.parts = PageParts.of(retrieval, log, config, signatures, shared_windows)
        self._model = ModelStage.of(config, retrieval)
        ranking = Ranking(embedding, retrieval, reranker, config.window_size, config.deadline_ms, self._model)
        kind = PageKind(validation.check, _itself, _identity, ranking.rank)
        absences = Absences(retrieval, ranking, config.deadline_ms)
        listing = Listing(self.parts.pages, self.parts.windows, ranking, absences)
        self.flow = PageFlow[SearchRequest](self.parts, kind, listing)
        # The flow's counts, pages, and pages.<tier>
        self._counts = self.flow.counts

    async def Search(self, request: SearchRequest, context: Any = None) -> SearchResponse:
        """See protos/aisle/v1/search.proto."""
        response = await self.flow.page(validation.read_part(request), context)
        self._counts["pages"] += 1
        self._counts[f"pages.{Tier.Name(response.served_by.tier)}"] += 1
        return response

    def counts(self) -> Mapping[str, int]:
        """Pages and impressions since the start, by the names of GetStatusResponse.counts."""
        return {**self._counts, **self.parts.counts()}

    async def close(self) -> None:
        """Append the waiting impressions to the log, and end the calls of a language model."""
        await self._model.close()
        await self.parts.impressions.flush()


def _itself(request: SearchRequest) -> SearchRequest:
    return request


def _identity(request: SearchRequest) -> bytes:
    """The fields that must be equal in the requests for all pages of a search."""
    identity = SearchRequest(
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
    return identity.SerializeToString(deterministic=True)
