"""Ranks a window of candidates for a query: analyse, embed, retrieve, rerank.

All stages but retrieval may be missing.
"""

from collections.abc import Sequence
from dataclasses import replace

from aisle.v1.reranker_pb2 import RerankResponse
from aisle.v1.retrieval_pb2 import RetrieveRequest, RetrieveResponse
from aisle.v1.search_pb2 import (
    TIER_DENSE,
    TIER_FUSED,
    TIER_LEXICAL,
    TIER_RERANKED,
    VARIANTS_ALL,
    SearchRequest,
    Tier,
)
from services.gateway.filters.checking import requested
from services.gateway.ports import Embedding, Reranker, Retrieval
from services.gateway.search import model_stage, ranked_window, reranking
from services.gateway.search.budget import Budget
from services.gateway.search.model_stage import NO_MODEL, ModelStage
from services.gateway.search.ranked_window import RankedWindow
from services.gateway.search.understanding import Understanding, UnderstoodQuery
from services.gateway.validation import is_off
from shared.errors import InvalidRequest, SnapshotGone
from shared.stage import FAIR_SHARE, Missed, Stage

_FETCH_SHARE = 0.1  # of the remaining budget, reserved for the page's products
_WAIT_SHARE = 0.8  # of the remaining budget, for a wait for a write
# Of its limit, sent to the reranker, which stops before it is cut off
_RERANKER_SHARE = 0.9
REST_SIZE = 1_000  # products in a part of the rest behind a window


class Ranking:
    """Asks the services for a ranked window, within one budget."""

    def __init__(  # noqa: PLR0913 - the stages of a window
        self,
        embedding: Embedding,
        retrieval: Retrieval,
        reranker: Reranker,
        window_size: int,
        ordinary_ms: float,
        model: ModelStage = NO_MODEL,
    ) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which the services' lateness is
        judged.
        """
        self._understanding = Understanding(embedding, retrieval, ordinary_ms, model)
        fair_ms = ordinary_ms * (1 - _FETCH_SHARE) * FAIR_SHARE
        self._retrieval = retrieval
        self._reranker = reranker
        self._window_size = window_size
        self._stages = {
            "retrieval": Stage("retrieval", (InvalidRequest, SnapshotGone), fair_ms=fair_ms),
            "reranker": Stage("reranker", (SnapshotGone,), fair_ms=fair_ms),
        }

    async def rank(self, request: SearchRequest, budget: Budget, last_try: bool = False) -> RankedWindow:
        """The window of the current snapshot.

        Raises Unavailable if retrieval fails, and SnapshotGone if the snapshot changed meanwhile.
        Then call it again with `last_try`, which goes without vector or reranker instead.
        """
        understood = await self._understanding.of(request, budget)
        wanted = self._wanted(request, understood, self._window_size, budget)
        wanted.facets.extend(request.facets)
        retrieved = await self._retrieved(wanted, budget, last_try)
        if retrieved.tier == TIER_LEXICAL:  # the encoder is gone
            understood = replace(understood, encoding=None, encoder_version="")
        window = ranked_window.fused(understood.analysed, retrieved, budget.degraded)
        model_stage.note(window, understood.reading, request)
        if reranking.is_wanted(request) and (understood.query or request.visitor_id):
            response = await self._reranked(request, understood, retrieved, budget, last_try)
            if response is not None:
                ranked_window.rerank(window, response)
            elif not retrieved.rows and not budget.degraded:
                # No stage was left out: there was nothing to rerank
                window.tier = request.max_tier or TIER_RERANKED
            window.degraded[:] = budget.degraded
        return RankedWindow(window)

    async def _reranked(
        self,
        request: SearchRequest,
        understood: UnderstoodQuery,
        retrieved: RetrieveResponse,
        budget: Budget,
        last_try: bool,
    ) -> RerankResponse | None:
        if not retrieved.rows:
            return None
        try:
            return await self._rerank(request, understood, retrieved, budget)
        except SnapshotGone:
            if not last_try:
                raise
            budget.left_out("reranker: the snapshot changed")
            return None

    async def rest(  # noqa: PLR0913 - which part of which window
        self,
        request: SearchRequest,
        budget: Budget,
        window: RankedWindow,
        before: int,
        after: Sequence[str],
        last_try: bool = False,
    ) -> RankedWindow:
        """A part of the rest, `before` products behind the ranked window.

        `after` are the products shown just before it. Raises like `rank`.
        """
        wanted = await self.behind(request, budget, window)
        wanted.after_product_ids.extend(after)
        wanted.offset = before
        retrieved = await self._retrieved(wanted, budget, last_try)
        if len(retrieved.variant_counts) != len(retrieved.rows):
            budget.left_out("rest: retrieval is of an older version")
            retrieved = RetrieveResponse(snapshot_version=retrieved.snapshot_version)
        part = ranked_window.following(window.message, retrieved, before, budget.degraded)
        return RankedWindow(part)

    async def behind(self, request: SearchRequest, budget: Budget, window: RankedWindow) -> RetrieveRequest:
        """The request for what follows a ranked window."""
        understood = await self._understanding.of(request, budget, model_stage.noted(window.message))
        wanted = self._wanted(request, understood, REST_SIZE, budget)
        wanted.exclude_product_ids.extend(window.message.product_ids)
        return wanted

    def _wanted(
        self, request: SearchRequest, understood: UnderstoodQuery, limit: int, budget: Budget
    ) -> RetrieveRequest:
        encoding = understood.encoding
        return RetrieveRequest(
            query=understood.query,
            vector=encoding.vector if encoding else b"",
            filters=requested(request.filters, request.where),
            order_by=request.order_by,
            currency_code=request.currency_code,
            limit=limit,
            tier=_recall_tier(request.max_tier, has_vector=encoding is not None),
            encoder_version=understood.encoder_version if encoding else "",
            # This may be another replica than the one that showed the write
            wait_for_visible=request.wait_for_visible,
            budget_ms=budget.left_ms() * _WAIT_SHARE,
            language_code=request.language_code,
            loose_order=is_off("order", request),
            without_synonyms=is_off("synonym", request),
            as_typed=request.as_typed,
            without=understood.analysed.without,
            price=understood.analysed.price if understood.analysed.HasField("price") else None,
            read_filters=understood.reading.filters,
            by_product=request.variants != VARIANTS_ALL,
        )

    async def _retrieved(self, wanted: RetrieveRequest, budget: Budget, last_try: bool) -> RetrieveResponse:
        """The candidates. A last try goes without the vector if its encoder is gone."""
        try:
            return await self._candidates(wanted, budget)
        except SnapshotGone:
            if not last_try or not wanted.vector:
                raise
        budget.left_out("embedding: the encoder changed")
        by_words = RetrieveRequest()
        by_words.CopyFrom(wanted)
        by_words.ClearField("vector")
        by_words.ClearField("encoder_version")
        by_words.tier = TIER_LEXICAL
        return await self._candidates(by_words, budget)

    async def _candidates(self, wanted: RetrieveRequest, budget: Budget) -> RetrieveResponse:
        with budget.timed("retrieve"):
            try:
                limit_ms = budget.left_ms() * (1 - _FETCH_SHARE)
                response = await self._stages["retrieval"].run(
                    lambda: self._retrieval.Retrieve(wanted), limit_ms
                )
            except Missed as missed:
                raise missed.as_error() from missed
        budget.note(response.stage_ms, response.degraded)
        return response

    async def _rerank(
        self,
        request: SearchRequest,
        understood: UnderstoodQuery,
        retrieved: RetrieveResponse,
        budget: Budget,
    ) -> RerankResponse | None:
        if understood.query and understood.encoding is None:
            budget.left_out("reranker: no embedding")
            return None
        limit_ms = budget.left_ms() * (1 - _FETCH_SHARE)
        wanted = reranking.wanted(request, understood, retrieved, limit_ms * _RERANKER_SHARE)
        try:
            with budget.timed("rerank"):
                response = await self._stages["reranker"].run(lambda: self._reranker.Rerank(wanted), limit_ms)
        except Missed as missed:
            budget.left_out(str(missed))
            return None
        if not ranked_window.is_order_of(response, len(retrieved.rows)):
            budget.left_out("reranker: its order does not fit the candidates")
            return None
        budget.note(response.stage_ms, response.degraded)
        return response


def _recall_tier(max_tier: Tier.ValueType, has_vector: bool) -> Tier.ValueType:
    if not has_vector:
        return TIER_LEXICAL
    return TIER_DENSE if max_tier == TIER_DENSE else TIER_FUSED
