import re

import grpc
import pytest

from aisle.v1.admin_pb2 import GetStatusRequest
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.search_pb2 import FacetRequest, Filter, FilterGroup, NumberRange, SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub

QUERIES = {
    "empty": "",
    "blank": " \t\n ",
    "10,000 characters": "shoe " * 2_000,
    "one long word": "a" * 10_000,
    "emoji only": "👟🏃‍♀️✨",
    "control characters": "run\x00ning\x07 \x1b[31mshoes\x7f",
    "query syntax": 'title:(shoes AND NOT "x") OR price:[1 TO *] \\ ^~*?',
    "right to left": "\u202eseohs gninnur",
    "a megabyte": "shoe " * 200_000,
    "misspelt a thousand times": " ".join(f"shoeq{number}x shoeqqx" for number in range(1_000)),
    "half a surrogate's worth of combining marks": "z\u0351\u0352\u0353" * 50,
}


def nested(levels: int) -> Filter:
    """Groups in groups."""
    inner = nested(levels - 1) if levels else Filter(field="price", exists=True)
    return Filter(any_filter=FilterGroup(filters=[inner]))


REFUSED = {
    "max_tier": SearchRequest.FromString(b"\x58\x63"),  # 99
    "experiment_ids": SearchRequest(experiment_ids=["e"] * 1_000),
    "language_code": SearchRequest(language_code="e" * 1_000),
    "page_token": SearchRequest(query="shoes", page_token="not one of ours"),
    "filters[0].field": SearchRequest(query="shoes", filters=[Filter(field="colour", exists=True)]),
    "filters[0].range": SearchRequest(
        query="shoes", filters=[Filter(field="price", range=NumberRange(min=float("nan")))]
    ),
    "filters[0].any_filter": SearchRequest(query="shoes", filters=[nested(20)]),
    "where": SearchRequest(query="shoes", where="price:10..50 AND (brands:acme OR"),
    "facets[0].field": SearchRequest(query="shoes", facets=[FacetRequest(field="colour")]),
    "order_by": SearchRequest(query="shoes", order_by="beauty"),
    "deadline_ms": SearchRequest(query="shoes", deadline_ms=2**31),
}


@pytest.mark.parametrize("name", QUERIES)
def test_any_text_gives_a_page(channel: grpc.Channel, name: str) -> None:
    page = SearchServiceStub(channel).Search(SearchRequest(query=QUERIES[name], deadline_ms=5000), timeout=60)
    assert page.query_id
    assert [result.position for result in page.results] == list(range(1, len(page.results) + 1))


@pytest.mark.parametrize("field", REFUSED)
def test_a_request_that_cannot_be_met_is_refused_naming_the_field(channel: grpc.Channel, field: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        SearchServiceStub(channel).Search(REFUSED[field], timeout=60)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (raised.value.details() or "").startswith(field)


def test_an_attribute_that_no_product_has_is_no_result_and_a_note(channel: grpc.Channel) -> None:
    request = SearchRequest(
        query="shoes",
        filters=[Filter(field="attributes.no such", exists=True)],
        facets=[FacetRequest(field="attributes.nor this")],
        deadline_ms=10_000,
    )
    page = SearchServiceStub(channel).Search(request, timeout=60)
    assert (len(page.results), page.total_count, len(page.facets[0].values)) == (0, 0, 0)
    assert [note.partition(";")[0] for note in page.served_by.notes] == [
        "filters: no product has 'attributes.no such'",
        "facets: no product has 'attributes.nor this'",
    ]
    assert not page.served_by.degraded


NO_REQUESTS = {
    b"\x0a\x05caf\xe9s": "request: .*valid UTF-8",
    b"\x0a\xff\xff": "request: ",
    b"\xff" * 40: "request: ",
}


@pytest.mark.parametrize("message", NO_REQUESTS)
def test_bytes_that_are_no_request_are_refused(channel: grpc.Channel, message: bytes) -> None:
    call = channel.unary_unary(
        "/aisle.v1.SearchService/Search", request_serializer=bytes, response_deserializer=bytes
    )
    with pytest.raises(grpc.RpcError) as raised:
        call(message, timeout=60)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert re.match(NO_REQUESTS[message], raised.value.details() or "")


def test_the_largest_page_has_200_results_whatever_is_asked_for(channel: grpc.Channel) -> None:
    page = SearchServiceStub(channel).Search(SearchRequest(page_size=10**9, deadline_ms=5000), timeout=60)
    assert 20 < len(page.results) == page.total_count <= 150
    assert list(page.served_by.notes) == ["page_size: a page has at most 200 results, not 1000000000"]


def test_a_page_size_of_0_is_the_default(channel: grpc.Channel) -> None:
    page = SearchServiceStub(channel).Search(SearchRequest(page_size=0, deadline_ms=5000), timeout=60)
    assert len(page.results) == 20


def test_the_engine_is_as_it_was_after_all_that(channel: grpc.Channel) -> None:
    status = AdminServiceStub(channel).GetStatus(GetStatusRequest(), timeout=60)
    assert status.product_count == 150
    assert SearchServiceStub(channel).Search(SearchRequest(query="shoes"), timeout=60).results
