"""Turn a slice of a ranked window into a page of products."""

from collections.abc import Sequence

from protos.catalog_pb2 import Product
from protos.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse
from protos.search_pb2 import TIER_RERANKED, Contribution, Explanation, SearchRequest, SearchResponse
from services.gateway import explanation
from services.gateway.budget import Budget
from services.gateway.ports import Retrieval
from services.gateway.ranked_window import RankedWindow
from shared.errors import SnapshotGone
from shared.stage import Missed, Stage

_LEAST_MS = 10.0  # for the products, whatever the stages before have used up
_WAIT_SHARE = 0.8  # of the time that is left, for rows that have not come to a replica yet
_NAMED_FEATURES = 2


class Pages:
    """Fetches the products of a page, and only those."""

    def __init__(self, retrieval: Retrieval, ordinary_ms: float) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which lateness is judged."""
        self._retrieval = retrieval
        self._stage = Stage("products", (SnapshotGone,), fair_ms=ordinary_ms / 2)

    async def results(
        self, request: SearchRequest, window: RankedWindow, places: range, budget: Budget, last_try: bool = False
    ) -> SearchResponse:
        """The results at `places` (from 0) of the window, and nothing else; without the products at least their ids.

        Raises SnapshotGone when the window's rows can no longer be read: rank again then, and come as `last_try`.
        """
        response = SearchResponse()
        if not places:
            return response
        try:
            with budget.timed("fetch"):
                fetched = await self._fetch(request, window, places, budget)
        except (Missed, SnapshotGone) as missed:
            if isinstance(missed, SnapshotGone) and not last_try:
                raise
            budget.left_out(f"{missed}; ids only")
            fetched = FetchProductsResponse(products=[Product(product_id=window.product_ids[at]) for at in places])
        terms = [text.split() for text in fetched.matched_terms] or [[] for _ in places]
        for at, product, matched in zip(places, fetched.products, terms, strict=True):
            _add(response, request, window, at, product, matched)
        return response

    async def _fetch(
        self, request: SearchRequest, window: RankedWindow, places: range, budget: Budget
    ) -> FetchProductsResponse:
        limit_ms = max(_LEAST_MS, budget.left_ms())
        wanted = FetchProductsRequest(
            rows=window.rows[places.start : places.stop],
            snapshot_version=window.snapshot_version,
            query=window.query if request.explain else "",
            wait_for_visible=window.log_position,  # this may be another replica, a moment behind the one that ranked
            budget_ms=limit_ms * _WAIT_SHARE,
        )
        fetched = await self._stage.run(lambda: self._retrieval.FetchProducts(wanted), limit_ms)
        if len(fetched.products) != len(places):
            raise Missed(f"products: {len(fetched.products)} came instead of {len(places)}")
        return fetched


def _add(  # noqa: PLR0913  (what a result is made of)
    response: SearchResponse,
    request: SearchRequest,
    window: RankedWindow,
    at: int,
    product: Product,
    terms: Sequence[str],
) -> None:
    """Append a result, made in its place: messages are copied when they are put into others."""
    score = window.relevance_scores[at]
    result = response.results.add(position=at + 1, relevance_score=score)
    result.product.CopyFrom(product)
    if request.explain:
        contributions = window.contributions[at] if at < len(window.contributions) else ()
        if window.tier != TIER_RERANKED:
            contributions = [Contribution(feature="fused_score", value=score, contribution=score)]
        result.explanation.CopyFrom(_explanation(request, window, at, terms, contributions))


def _explanation(
    request: SearchRequest,
    window: RankedWindow,
    at: int,
    matched: Sequence[str],
    contributions: Sequence[Contribution],
) -> Explanation:
    raised_by = [each.feature for each in contributions if each.contribution > 0][:_NAMED_FEATURES]
    sentence = explanation.summary(
        matched,
        window.dense_ranks[at],
        raised_by if window.tier == TIER_RERANKED else (),
        request.order_by or "relevance",
    )
    return Explanation(matched_terms=matched, contributions=contributions, summary=sentence)
