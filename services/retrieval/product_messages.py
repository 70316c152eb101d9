"""Products of a page as they are sent, with the words of the query that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic

import numpy as np

from aisle.v1 import catalog_pb2
from aisle.v1.retrieval_pb2 import (
    FetchProductsRequest,
    FetchProductsResponse,
    HighlightRequest,
    ProductHighlights,
)
from services.retrieval.highlighting import DEFAULT_SNIPPET, MAX_SNIPPET, Highlight, Highlighter
from services.retrieval.matched_terms import MatchedTerms
from services.retrieval.request import checked_query
from services.retrieval.snapshots import Snapshot
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.caller import Caller
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.text.languages import language_of

MAX_FETCHED = 1_000


def fetched(
    snapshot: Snapshot, request: FetchProductsRequest, synonyms: Synonyms, caller: Caller
) -> FetchProductsResponse:
    """The requested products. Raises InvalidRequest naming the field at fault, and CallerLeft."""
    response = FetchProductsResponse(log_position=snapshot.log_position)
    terms = MatchedTerms(snapshot.lexical.index, request.query) if request.query else None
    highlights = _Highlights(snapshot, request.highlight, synonyms) if request.HasField("highlight") else None
    sent_bytes = 0
    for row in _rows(snapshot, request):
        payload = snapshot.products.payload(row)
        marked = highlights.of(snapshot.products.product(row)) if highlights else None
        sent_bytes += len(payload) + (marked.ByteSize() if marked else 0)
        if request.max_bytes and sent_bytes > request.max_bytes and response.products:
            response.shortened = True
            break
        product = response.products.add()
        product.ParseFromString(payload)
        if marked is not None:
            response.highlights.append(marked)
        if terms:
            response.matched_terms.append(" ".join(terms.of(_texts(product))))
        if terms or highlights:
            caller.check()
    return response


class _Highlights:
    """The highlights of one request, for as long as it has time."""

    def __init__(self, snapshot: Snapshot, request: HighlightRequest, synonyms: Synonyms) -> None:
        query = checked_query(request.query)
        if request.snippet_length > MAX_SNIPPET:
            reason = f"is {request.snippet_length}; send at most {MAX_SNIPPET:,} characters"
            raise InvalidRequest("snippet_length", reason)
        languages = [language_of(request.language_code)] if request.language_code else []
        known = NO_SYNONYMS if request.without_synonyms else synonyms
        self._until = monotonic() + request.budget_ms / 1e3 if request.budget_ms else float("inf")
        self._highlighter = Highlighter(
            snapshot.lexical.index.analysis,
            snapshot.lexical.terms(query, languages, known),
            request.snippet_length or DEFAULT_SNIPPET,
        )

    def of(self, product: Product) -> ProductHighlights | None:
        """Those of a product; None if the time has passed."""
        if monotonic() > self._until:
            return None
        message = ProductHighlights()
        for each in self._highlighter.of(product):
            _add(message, each)
        return message


def _add(message: ProductHighlights, highlight: Highlight) -> None:
    added = message.highlights.add(
        field=highlight.field, cut_before=highlight.cut.before, cut_after=highlight.cut.after
    )
    for piece in highlight.cut.pieces:
        added.pieces.add(text=piece.text, matched=piece.matched)


def _rows(snapshot: Snapshot, request: FetchProductsRequest) -> Sequence[int]:
    """The core rows of the requested products, by row or else by id."""
    for field in ("rows", "product_ids"):
        if len(getattr(request, field)) > MAX_FETCHED:
            raise InvalidRequest(
                field, f"has {len(getattr(request, field))} entries; send at most {MAX_FETCHED:,}"
            )
    if request.rows:
        rows: list[int] = snapshot.rows.held(np.array(request.rows, np.int64)).tolist()
        return rows
    return [row for row in map(snapshot.products.row, request.product_ids) if row is not None]


def _texts(product: catalog_pb2.Product) -> Iterable[str]:
    yield from (product.title, product.description, product.product_id, product.sku, product.gtin)
    yield from (*product.brands, *product.categories, *product.tags)
    yield from (value for values in product.attributes.values() for value in values.text)
