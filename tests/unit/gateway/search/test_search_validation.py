import math

import pytest

from aisle.v1.search_pb2 import AnyOf, FacetRequest, Filter, NumberRange, SearchRequest
from services.gateway import validation
from shared.errors import InvalidRequest

BRAND = Filter(field="brands", any_of=AnyOf(values=["Acme"]))


def any_brand(count: int) -> Filter:
    return Filter(field="brands", any_of=AnyOf(values=[f"brand {number}" for number in range(count)]))


def price(**ends: float) -> Filter:
    bounds = NumberRange()
    for name, end in ends.items():
        setattr(bounds, name, end)
    return Filter(field="price", range=bounds)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (SearchRequest(variants=9), "variants: 9 is unknown; use collapse or all"),  # type: ignore[arg-type]
        (
            SearchRequest(order_by="price"),
            "order_by: 'price' is unknown; use relevance, newest, or FIELD asc or FIELD desc",
        ),
        (SearchRequest(deadline_ms=60_001), "deadline_ms: 60001 is too long"),
        (SearchRequest(visitor_id="v\n1"), "visitor_id: has control characters"),
        (SearchRequest(user_id="u" * 129), "user_id: is longer than 128 bytes"),
        (SearchRequest(session_id="ü" * 65), "session_id: is longer than 128 bytes"),
        (SearchRequest(language_code="x" * 129), "language_code: is longer than 128 bytes"),
        (
            SearchRequest(experiment_ids=["e"] * 21),
            "experiment_ids: 21 are too many; send at most 20",
        ),
        (SearchRequest(experiment_ids=["e", ""]), r"experiment_ids\[1\]: is required"),
        (SearchRequest(max_tier=9), "max_tier: 9 is unknown; use lexical"),  # type: ignore[arg-type]
        (SearchRequest(filters=[BRAND] * 101), "filters: 101 are too many; send at most 100"),
        (
            SearchRequest(facets=[FacetRequest(field="brands")] * 21),
            "facets: 21 are too many; send at most 20",
        ),
        (SearchRequest(filters=[BRAND, Filter(exists=True)]), r"filters\[1\].field: is required"),
        (
            SearchRequest(filters=[Filter(field="colour", exists=True)]),
            "'colour' is unknown; use one of: .*attributes",
        ),
        (
            SearchRequest(filters=[Filter(field="attributes.", exists=True)]),
            "'attributes.' is unknown",
        ),
        (
            SearchRequest(filters=[Filter(field="brands")]),
            r"filters\[0\]: has no condition; set any_of",
        ),
        (SearchRequest(filters=[Filter(field="brands", any_of=AnyOf())]), "send 1 to 1000 values"),
        (
            SearchRequest(filters=[Filter(field="brands", any_of=AnyOf(values=["x"] * 1_001))]),
            "send 1 to 1000 values",
        ),
        (
            SearchRequest(filters=[Filter(field="brands", range=NumberRange(min=1))]),
            "brands is not numeric",
        ),
        (SearchRequest(filters=[price()]), r"filters\[0\].range: has no end"),
        (SearchRequest(filters=[price(min=math.nan)]), r"filters\[0\].range.min: is not a number"),
        (
            SearchRequest(filters=[price(min=1, max=math.nan)]),
            r"filters\[0\].range.max: is not a number",
        ),
        (SearchRequest(filters=[price(min=2, max=1)]), "min 2 is above max 1; swap them"),
        (SearchRequest(why_not=["p"] * 21), "why_not: 21 are too many; send at most 20"),
        (SearchRequest(why_not=["p", ""]), r"why_not\[1\]: is required"),
        (SearchRequest(snippet_length=19), "snippet_length: 19 is no length of a snippet; use 20 to 1,000"),
        (SearchRequest(snippet_length=1_001), "snippet_length: 1001"),
        (SearchRequest(facets=[FacetRequest()]), r"facets\[0\].field: is required"),
        (SearchRequest(facets=[FacetRequest(field="size")]), "'size' is unknown"),
        (
            SearchRequest(facets=[FacetRequest(field="brands", limit=1_001)]),
            r"facets\[0\].limit: 1001 is too large",
        ),
        (
            SearchRequest(
                facets=[FacetRequest(field="brands", limit=1_000)] * 5 + [FacetRequest(field="tags")]
            ),
            "facets: their limits are 5010 together; ask for at most 5000",
        ),
        (
            SearchRequest(filters=[any_brand(1_000), any_brand(1_000), BRAND]),
            "filters: their any_of have 2001 values together; send at most 2000 in all",
        ),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_by_field(request_: SearchRequest, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        validation.check(request_)


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest(),
        SearchRequest(page_size=200, order_by="newest", deadline_ms=60_000, visitor_id="ü" * 64),
        SearchRequest(filters=[price(min=-math.inf, max=math.inf), price(max=0), BRAND]),
        SearchRequest(filters=[Filter(field="attributes.size", range=NumberRange(min=1, max=1))]),
        SearchRequest(filters=[Filter(field="attributes.Farbe (außen)", exists=False)] * 100),
        SearchRequest(facets=[FacetRequest(field="attributes.color", limit=1_000)] * 5),
        SearchRequest(facets=[FacetRequest(field="attributes.color", limit=250)] * 20),
        SearchRequest(filters=[any_brand(1_000), any_brand(1_000)]),
        SearchRequest(query="\U0001f45f" * 10),
        SearchRequest(highlight=True, snippet_length=1_000),
    ],
)
def test_a_request_that_can_be_answered_passes(request_: SearchRequest) -> None:
    validation.check(request_)


def test_a_page_without_a_size_has_twenty_results() -> None:
    assert validation.page_size(SearchRequest()) == 20
    assert validation.page_size(SearchRequest(page_size=201)) == 200
