"""Checks search requests. Each error names the field and the remedy."""

import re

from aisle.v1.search_pb2 import SearchRequest, Tier, Variants
from services.gateway.filters.checking import check_count, check_facets, check_filters
from shared.catalog import order_by
from shared.catalog.validation import CONTROL
from shared.errors import InvalidRequest
from shared.text.query import MAX_QUERY_CHARACTERS

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200
MAX_DEADLINE_MS = 60_000
MAX_ID_BYTES = 128
MAX_EXPERIMENTS = 20
AS_TYPED = (
    "all",
    "correction",
    "without",
    "price",
    "synonym",
    "order",
    "brand",
    "category",
    "color",
    "size",
    "model",
)
MAX_ACCOUNTS = 20  # products of why_not
MIN_SNIPPET = 20  # characters
MAX_SNIPPET = 1_000
CURRENCY = re.compile("[A-Z]{3}|-")  # "-" stands for prices without one


def read_part(request: SearchRequest) -> SearchRequest:
    """The request without the unread rest of a very long query, so that it is not kept, logged or
    passed on.
    """
    if len(request.query) <= MAX_QUERY_CHARACTERS:
        return request
    shortened = SearchRequest()
    shortened.CopyFrom(request)
    shortened.query = request.query[:MAX_QUERY_CHARACTERS]
    return shortened


def page_size(request: SearchRequest) -> int:
    return min(request.page_size, MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE


def is_off(kind: str, request: SearchRequest) -> bool:
    """Whether a kind of part of the query is not to be read."""
    return kind in request.as_typed or "all" in request.as_typed


def notes(request: SearchRequest) -> list[str]:
    """Notes about values that were changed."""
    if request.page_size <= MAX_PAGE_SIZE:
        return []
    return [f"page_size: a page has at most {MAX_PAGE_SIZE} results, not {request.page_size}"]


def id_fault(value: str) -> str:
    """The fault in an id, which has 1 to 128 bytes. Empty if it is valid."""
    if value and len(value) <= MAX_ID_BYTES and value.isascii() and value.isprintable():
        return ""  # nearly all ids, and quicker than what follows
    if not value:
        return "is required"
    if len(value.encode()) > MAX_ID_BYTES:
        return f"is longer than {MAX_ID_BYTES} bytes; use a shorter id"
    return "has control characters; leave them out" if CONTROL.search(value) else ""


def check(request: SearchRequest) -> None:
    """Raise InvalidRequest naming the first field at fault."""
    order_by.parsed(request.order_by)
    if request.currency_code and not CURRENCY.fullmatch(request.currency_code):
        raise InvalidRequest(
            "currency_code", f"{request.currency_code[:40]!r} is not three capital letters, such as EUR"
        )
    if request.deadline_ms > MAX_DEADLINE_MS:
        raise InvalidRequest(
            "deadline_ms", f"{request.deadline_ms} is too long; use at most {MAX_DEADLINE_MS}"
        )
    if request.max_tier not in Tier.values():
        raise InvalidRequest(
            "max_tier", f"{request.max_tier} is unknown; use lexical, dense, fused, reranked or cross_encoded"
        )
    if request.variants not in Variants.values():
        raise InvalidRequest("variants", f"{request.variants} is unknown; use collapse or all")
    if request.snippet_length and not MIN_SNIPPET <= request.snippet_length <= MAX_SNIPPET:
        raise InvalidRequest(
            "snippet_length",
            f"{request.snippet_length} is no length of a snippet; use {MIN_SNIPPET} to {MAX_SNIPPET:,}",
        )
    _check_names(request)
    check_filters(request.filters, request.where)
    check_facets(request.facets)


def _check_names(request: SearchRequest) -> None:
    for name in ("visitor_id", "user_id", "session_id", "language_code"):
        value = getattr(request, name)
        if value and (fault := id_fault(value)):
            raise InvalidRequest(name, fault)
    if unknown := [kind for kind in request.as_typed if kind not in AS_TYPED]:
        raise InvalidRequest("as_typed", f"{unknown[0]!r} is unknown; use some of: {', '.join(AS_TYPED)}")
    for name, most in (("why_not", MAX_ACCOUNTS), ("experiment_ids", MAX_EXPERIMENTS)):
        check_count(name, len(getattr(request, name)), most)
        for index, value in enumerate(getattr(request, name)):
            if fault := id_fault(value):
                raise InvalidRequest(f"{name}[{index}]", fault)
