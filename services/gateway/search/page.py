"""Turns a slice of a ranked window into a page of products."""

from collections.abc import Sequence
from itertools import accumulate

from aisle.v1.catalog_pb2 import Product
from aisle.v1.retrieval_pb2 import FetchProductsRequest, FetchProductsResponse, HighlightRequest
from aisle.v1.search_pb2 import (
    TIER_RERANKED,
    Contribution,
    Explanation,
    Facet,
    SearchRequest,
    SearchResponse,
    ServedBy,
)
from services.gateway import validation
from services.gateway.ports import Retrieval
from services.gateway.search import explanation
from services.gateway.search.budget import Budget
from services.gateway.search.ranked_window import RankedWindow
from shared.errors import SnapshotGone
from shared.stage import Missed, Stage

_LEAST_MS = 10.0  # for the products, even if earlier stages used up the budget
_WAIT_SHARE = 0.8  # of the remaining time, for rows that have not reached a replica yet
_HIGHLIGHT_SHARE = 0.5  # of that time
_NAMED_FEATURES = 2
# A client's default limit of 4 MiB, less a reserve for all fields but facets and products
_PAGE_BYTES = (4 << 20) - (64 << 10)
_FACET_BYTES = 1 << 20
_FIELD_BYTES = 8  # of a message inside another
_EXPLANATION_BYTES = 4 << 10  # of a result, about
_WHY = "so that the page stays within the 4 MiB that a client accepts"


class Pages:
    """Fetches the products of a page, and only those."""

    def __init__(self, retrieval: Retrieval, ordinary_ms: float) -> None:
        """`ordinary_ms` is the budget of an ordinary page, by which lateness is judged."""
        self._retrieval = retrieval
        self._stage = Stage("products", (SnapshotGone,), fair_ms=ordinary_ms / 2)

    async def results(
        self,
        request: SearchRequest,
        window: RankedWindow,
        places: range,
        budget: Budget,
        last_try: bool = False,
    ) -> SearchResponse:
        """The results at `places` (from 0) of the window. If products are missing, only their ids.

        Raises SnapshotGone if the window's rows can no longer be read. Then rank again, and call
        it with `last_try`.
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
            ids = window.message.product_ids[places.start : places.stop]
            fetched = FetchProductsResponse(products=[Product(product_id=each) for each in ids])
        _add_all(response, request, window, places[: len(fetched.products)], fetched)
        return response

    async def _fetch(
        self, request: SearchRequest, window: RankedWindow, places: range, budget: Budget
    ) -> FetchProductsResponse:
        limit_ms = max(_LEAST_MS, budget.left_ms())
        most_bytes = _most_bytes(request, window, len(places))
        wanted = FetchProductsRequest(
            rows=window.message.rows[places.start : places.stop],
            snapshot_version=window.message.snapshot_version,
            query=window.message.query if request.explain else "",
            # This may be another replica, slightly behind the one that ranked
            wait_for_visible=window.message.log_position,
            budget_ms=limit_ms * _WAIT_SHARE,
            max_bytes=most_bytes,
        )
        if request.highlight:
            wanted.highlight.CopyFrom(_highlight(request, window, limit_ms * _HIGHLIGHT_SHARE))
        fetched = await self._stage.run(lambda: self._retrieval.FetchProducts(wanted), limit_ms)
        count = len(fetched.products)
        if fetched.shortened and count < len(places):
            budget.left_out(f"products: {count} of {len(places)}, {_WHY}; the next page has the others")
        elif count != len(places):
            raise Missed(f"products: {count} came instead of {len(places)}")
        if count == 1 and (first := fetched.products[0]).ByteSize() > most_bytes:
            budget.left_out(f"products: of {first.product_id!r} the id alone, {_WHY}")
            first.CopyFrom(Product(product_id=first.product_id))
        if request.highlight and (marked := len(fetched.highlights)) < count:
            budget.left_out(f"highlights: {marked} of {count}")
        return fetched


def _highlight(request: SearchRequest, window: RankedWindow, budget_ms: float) -> HighlightRequest:
    return HighlightRequest(
        query=window.message.query,
        language_code=request.language_code,
        without_synonyms=validation.is_off("synonym", request),
        snippet_length=request.snippet_length,
        budget_ms=budget_ms,
    )


def served_by(window: RankedWindow, budget: Budget) -> ServedBy:
    """The tier that answered, the time of each stage, and the versions."""
    budget.stage_ms["total"] = budget.elapsed_ms()
    message = window.message
    return ServedBy(
        tier=message.tier,
        degraded=budget.degraded,
        snapshot_version=message.snapshot_version,
        bundle_version=message.bundle_version,
        stage_ms=budget.stage_ms,
        log_position=message.log_position,
        notes=message.notes,
    )


def facets(window: RankedWindow, budget: Budget) -> Sequence[Facet]:
    """The window's facets, without their least frequent values if they would fill the page."""
    if _size(window.message.facets) <= _FACET_BYTES:
        return window.message.facets
    budget.left_out(f"facets: the least frequent values are left out, {_WHY}")
    return [_shortened(facet, _FACET_BYTES // len(window.message.facets)) for facet in window.message.facets]


def _shortened(facet: Facet, most_bytes: int) -> Facet:
    sizes = accumulate(value.ByteSize() + _FIELD_BYTES for value in facet.values)
    count = sum(size <= most_bytes for size in sizes)
    short = Facet(field=facet.field, values=facet.values[:count], ranges=facet.ranges)
    if facet.HasField("range"):
        short.range.CopyFrom(facet.range)
    return short


def _most_bytes(request: SearchRequest, window: RankedWindow, result_count: int) -> int:
    """The limit for the products of a page."""
    explained = result_count * _EXPLANATION_BYTES if request.explain else 0
    return _PAGE_BYTES - min(_size(window.message.facets), _FACET_BYTES) - explained


def _size(facets: Sequence[Facet]) -> int:
    return sum(facet.ByteSize() + _FIELD_BYTES for facet in facets)


def _add_all(
    response: SearchResponse,
    request: SearchRequest,
    window: RankedWindow,
    places: range,
    fetched: FetchProductsResponse,
) -> None:
    terms = [text.split() for text in fetched.matched_terms] or [[] for _ in places]
    for at, product, matched in zip(places, fetched.products, terms, strict=True):
        _add(response, request, window, at, product, matched)
    for result, marked in zip(response.results, fetched.highlights, strict=False):
        result.highlights.extend(marked.highlights)


def _add(  # noqa: PLR0913  (the parts of a result)
    response: SearchResponse,
    request: SearchRequest,
    window: RankedWindow,
    at: int,
    product: Product,
    terms: Sequence[str],
) -> None:
    """Append a result. It is made in place, because adding a message to another copies it."""
    score = window.message.relevance_scores[at]
    by_meaning = at < len(window.message.by_meaning) and window.message.by_meaning[at]
    position = window.message.places_before + at + 1
    variants = window.message.variant_counts
    result = response.results.add(position=position, relevance_score=score, by_meaning=by_meaning)
    result.variant_count = variants[at] if at < len(variants) else 0
    result.product.CopyFrom(product)
    if request.explain:
        explained = window.message.explanations
        contributions: Sequence[Contribution] = explained[at].contributions if at < len(explained) else ()
        if window.message.tier < TIER_RERANKED:
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
        window.message.dense_ranks[at],
        raised_by if window.message.tier >= TIER_RERANKED else (),
        request.order_by or "relevance",
    )
    return Explanation(matched_terms=matched, contributions=contributions, summary=sentence)
