"""Groups of filters, times and facets as messages: what is passed on, and what is refused."""

import pytest

from aisle.v1.search_pb2 import (
    AnyOf,
    FacetRequest,
    Filter,
    FilterGroup,
    NumberRange,
    SearchRequest,
    TimeRange,
)
from services.gateway import validation
from services.gateway.filters.checking import requested
from services.retrieval.filter_messages import filter_of
from services.retrieval.filters import fields_of
from shared.errors import InvalidRequest

TAG = Filter(field="tags", any_of=AnyOf(values=["new"]))
UNKNOWN = Filter(field="size", exists=True)
REVERSED = TimeRange(min="2026-02-01", max="2026-01-01")
DAY = NumberRange(min=86_400, max=172_800, max_exclusive=True)


def group(*filters: Filter) -> Filter:
    return Filter(any_filter=FilterGroup(filters=filters))


def nested(levels: int) -> Filter:
    return group(nested(levels - 1)) if levels else TAG


@pytest.mark.parametrize(
    ("filter_", "said"),
    [
        (group(), r"filters\[0\].any_filter.filters: send 1 to 100 filters"),
        (Filter(field="tags", all_filters=FilterGroup(filters=[TAG])), "no field; leave out 'tags'"),
        (group(TAG, UNKNOWN), r"filters\[0\].any_filter.filters\[1\].field: 'size' is"),
        (nested(9), "groups are more than 8 levels deep"),
        (Filter(field="price", time_range=TimeRange(min="2026")), "price is not a time; use range or any_of"),
        (Filter(field="publish_time", time_range=TimeRange()), "time_range: has no end"),
        (Filter(field="publish_time", time_range=TimeRange(max="soon")), "send a day or time such as"),
        (Filter(field="expire_time", any_of=AnyOf(values=["soon"])), r"any_of.values: .*send a day or time"),
        (Filter(field="publish_time", time_range=REVERSED), "swap them"),
    ],
)  # fmt: skip
def test_a_group_or_time_that_cannot_hold_names_the_field_at_fault(filter_: Filter, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        validation.check(SearchRequest(filters=[filter_]))


@pytest.mark.parametrize(
    ("facet", "said"),
    [
        (
            FacetRequest(field="product_id"),
            r"facets\[0\].field: product_id is different for every product",
        ),
        (FacetRequest(field="brands", parent=""), r"facets\[0\].parent: brands has no levels"),
        (FacetRequest(field="brands", query="x" * 101), r"facets\[0\].query: send at most 100"),
        (
            FacetRequest(field="brands", range_count=5),
            r"facets\[0\].ranges: brands is not numeric",
        ),
        (FacetRequest(field="price", range_count=1), r"facets\[0\].range_count: ask for 2 to 50"),
        (
            FacetRequest(field="price", ranges=[NumberRange()]),
            r"facets\[0\].ranges\[0\]: has no end",
        ),
        (
            FacetRequest(field="price", ranges=[NumberRange(min=1)], range_count=5),
            "comes with ranges; send one of the two",
        ),
    ],
)
def test_a_facet_that_cannot_be_counted_names_the_field_at_fault(facet: FacetRequest, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        validation.check(SearchRequest(facets=[facet]))


def test_groups_of_the_documented_depth_pass() -> None:
    validation.check(SearchRequest(filters=[nested(8)], where="tags:new OR price:1..2"))


def test_retrieval_reads_times_as_seconds_however_deep_they_are() -> None:
    days = Filter(field="publish_time", any_of=AnyOf(values=["1970-01-02", "60"]), negate=True)
    span = Filter(field="expire_time", time_range=TimeRange(max="1970-01-01T00:01:00Z"))
    [found] = requested([group(days, span, TAG)], "")
    assert found == group(
        Filter(
            any_filter=FilterGroup(
                filters=[
                    Filter(field="publish_time", range=DAY),
                    Filter(field="publish_time", range=NumberRange(min=60, max=60)),
                ]
            ),
            negate=True,
        ),
        Filter(field="expire_time", range=NumberRange(max=60)),
        TAG,
    )  # fmt: skip


def test_what_passes_the_gateway_is_read_by_retrieval_however_deep_it_is() -> None:
    days = Filter(field="publish_time", any_of=AnyOf(values=["1970-01-02", "1970-01-05"]))
    deepest = days
    for _ in range(8):
        deepest = group(deepest)
    validation.check(SearchRequest(filters=[deepest]))
    found = filter_of(requested([deepest], "")[0])
    assert list(fields_of([found])) == ["publish_time", "publish_time"]


def test_filters_of_text_join_those_of_messages() -> None:
    assert requested([TAG], "rating:*") == [TAG, Filter(field="rating", exists=True)]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            SearchRequest(currency_code="euro"),
            "currency_code: 'euro' is not three capital letters",
        ),
        (SearchRequest(order_by="colour asc"), "order_by: 'colour asc' is unknown"),
        (SearchRequest(order_by="price up"), "order_by: 'price up' is unknown"),
        (SearchRequest(order_by="attributes. asc"), "is unknown"),
    ],
)
def test_an_order_that_is_none_is_refused(request_: SearchRequest, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        validation.check(request_)


@pytest.mark.parametrize("order_by", ["title asc", "attributes.seat height desc", "newest", "brands desc"])
def test_every_field_with_values_is_an_order(order_by: str) -> None:
    validation.check(SearchRequest(order_by=order_by, currency_code="EUR"))
