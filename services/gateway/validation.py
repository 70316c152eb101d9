"""Checks search requests. Each error names the field and the remedy."""

import math
import re

from aisle.v1.search_pb2 import FacetRequest, Filter, SearchRequest, Tier, Variants
from shared.catalog.fields import FILTERABLE, FILTERABLE_NUMBERS, ORDER_NAMES
from shared.catalog.validation import CONTROL
from shared.errors import InvalidRequest

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200
MAX_QUERY_CHARACTERS = 1_000
MAX_DEADLINE_MS = 60_000
MAX_FILTERS = 100
MAX_FACETS = 20
MAX_FILTER_VALUES = 1_000
MAX_ALL_FILTER_VALUES = 2_000  # of all filters together
MAX_FACET_LIMIT = 1_000
MAX_ALL_FACET_VALUES = 5_000  # of all facets together
DEFAULT_FACET_LIMIT = 10
MAX_ID_BYTES = 128
MAX_EXPERIMENTS = 20
FIELDS = {"product_id", *FILTERABLE}
AS_TYPED = ("all", "correction", "without", "price", "synonym", "order")

_ATTRIBUTE = re.compile(r"attributes\.[^\x00-\x1f\x7f-\x9f]{1,128}")


def searched_text(query: str) -> str:
    """The searched part of a typed query.

    Control characters become spaces, and a very long query is cut.
    """
    return CONTROL.sub(" ", query[:MAX_QUERY_CHARACTERS]).strip()


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


def notes(request: SearchRequest) -> list[str]:
    """What was read otherwise than it was sent."""
    if request.page_size <= MAX_PAGE_SIZE:
        return []
    return [f"page_size: a page has at most {MAX_PAGE_SIZE} results, not {request.page_size}"]


def id_fault(value: str) -> str:
    """What is wrong with an id of 1 to 128 bytes. Empty if it is valid."""
    if not value:
        return "is required"
    if len(value.encode()) > MAX_ID_BYTES:
        return f"is longer than {MAX_ID_BYTES} bytes; use a shorter id"
    return "has control characters; leave them out" if CONTROL.search(value) else ""


def check(request: SearchRequest) -> None:
    """Raise InvalidRequest naming the first field at fault."""
    if request.order_by and request.order_by not in ORDER_NAMES:
        raise InvalidRequest(
            "order_by", f"{request.order_by!r} is unknown; use one of: {', '.join(ORDER_NAMES)}"
        )
    if request.deadline_ms > MAX_DEADLINE_MS:
        raise InvalidRequest(
            "deadline_ms", f"{request.deadline_ms} is too long; use at most {MAX_DEADLINE_MS}"
        )
    if request.max_tier not in Tier.values():
        raise InvalidRequest(
            "max_tier", f"{request.max_tier} is unknown; use lexical, dense, fused or reranked"
        )
    if request.variants not in Variants.values():
        raise InvalidRequest("variants", f"{request.variants} is unknown; use collapse or all")
    _check_names(request)
    _check_count("filters", len(request.filters), MAX_FILTERS)
    _check_count("facets", len(request.facets), MAX_FACETS)
    for index, each in enumerate(request.filters):
        _check_filter(f"filters[{index}]", each)
    for index, facet in enumerate(request.facets):
        _check_facet(f"facets[{index}]", facet)
    _check_sums(request)


def _check_names(request: SearchRequest) -> None:
    for name in ("visitor_id", "user_id", "session_id", "language_code"):
        value = getattr(request, name)
        if value and (fault := id_fault(value)):
            raise InvalidRequest(name, fault)
    for kind in request.as_typed:
        if kind not in AS_TYPED:
            raise InvalidRequest("as_typed", f"{kind!r} is unknown; use some of: {', '.join(AS_TYPED)}")
    _check_count("experiment_ids", len(request.experiment_ids), MAX_EXPERIMENTS)
    for index, value in enumerate(request.experiment_ids):
        if fault := id_fault(value):
            raise InvalidRequest(f"experiment_ids[{index}]", fault)


def _check_count(name: str, count: int, most: int) -> None:
    if count > most:
        raise InvalidRequest(name, f"{count} are too many; send at most {most}")


def _check_sums(request: SearchRequest) -> None:
    """Limit the values of all filters and facets together, because they determine the cost."""
    if (values := sum(len(each.any_of.values) for each in request.filters)) > MAX_ALL_FILTER_VALUES:
        remedy = f"send at most {MAX_ALL_FILTER_VALUES} in all"
        raise InvalidRequest("filters", f"their any_of have {values} values together; {remedy}")
    if (listed := sum(each.limit or DEFAULT_FACET_LIMIT for each in request.facets)) > MAX_ALL_FACET_VALUES:
        raise InvalidRequest(
            "facets", f"their limits are {listed} together; ask for at most {MAX_ALL_FACET_VALUES}"
        )


def _check_field(name: str, field: str) -> None:
    if not field:
        raise InvalidRequest(name, "is required")
    if field not in FIELDS and not _ATTRIBUTE.fullmatch(field):
        known = ", ".join(sorted(FIELDS))
        raise InvalidRequest(name, f"{field!r} is unknown; use one of: {known}, attributes.NAME")


def _check_filter(name: str, filter_: Filter) -> None:
    _check_field(f"{name}.field", filter_.field)
    condition = filter_.WhichOneof("condition")
    if condition is None:
        raise InvalidRequest(name, "has no condition; set any_of, range or exists")
    if condition == "any_of" and not 1 <= len(filter_.any_of.values) <= MAX_FILTER_VALUES:
        raise InvalidRequest(f"{name}.any_of.values", f"send 1 to {MAX_FILTER_VALUES} values")
    if condition == "range":
        _check_range(f"{name}.range", filter_)


def _check_range(name: str, filter_: Filter) -> None:
    if filter_.field not in FILTERABLE_NUMBERS and not filter_.field.startswith("attributes."):
        raise InvalidRequest(name, f"{filter_.field} is not numeric; use any_of")
    bounds = filter_.range
    if not bounds.HasField("min") and not bounds.HasField("max"):
        raise InvalidRequest(name, "has no end; set min, max or both")
    for end in ("min", "max"):
        if math.isnan(getattr(bounds, end)):
            raise InvalidRequest(
                f"{name}.{end}", "is not a number; send a number, or leave it out for an open end"
            )
    if bounds.HasField("min") and bounds.HasField("max") and bounds.min > bounds.max:
        raise InvalidRequest(name, f"min {bounds.min:g} is above max {bounds.max:g}; swap them")


def _check_facet(name: str, facet: FacetRequest) -> None:
    _check_field(f"{name}.field", facet.field)
    if facet.limit > MAX_FACET_LIMIT:
        raise InvalidRequest(f"{name}.limit", (f"{facet.limit} is too large; use at most {MAX_FACET_LIMIT}"))
