"""What a client sends, and what it makes of the answers."""

from typing import Any

import pytest

from aisle.client import InvalidRequest, Unavailable
from aisle.client.requests import SearchOptions
from aisle.v1.catalog_pb2 import Product
from aisle.v1.search_pb2 import Filter, NumberRange, SearchRequest
from shared import errors
from tests.unit.client.conftest import PAGES, Engine


def products(count: int, without_title: int = -1) -> list[Product]:
    return [Product(product_id=f"p{n}", title="" if n == without_title else "a title") for n in range(count)]


def test_a_search_sends_the_fields_of_the_request(client: Any, engine: Engine) -> None:
    cheap = Filter(field="price", range=NumberRange(max=50))
    page = client.search("shoes", page_size=3, filters=[cheap], visitor_id="v")
    assert page.results[0].product.title == "shoes"
    assert engine.requests == [SearchRequest(query="shoes", page_size=3, filters=[cheap], visitor_id="v")]


def test_every_field_of_a_search_can_be_given() -> None:
    fields = set(SearchRequest.DESCRIPTOR.fields_by_name)
    assert SearchOptions.__annotations__.keys() == fields - {"query"}


def test_pages_follow_to_the_last(client: Any, engine: Engine) -> None:
    pages = client.pages("shoes", page_size=1)
    shown = [result.position for page in pages for result in page.results]
    assert shown == list(range(1, PAGES + 1))
    assert {(each.query, each.page_size) for each in engine.requests} == {("shoes", 1)}


def test_pages_are_asked_for_as_they_are_read(client: Any, engine: Engine) -> None:
    pages = client.pages("shoes")
    next(pages)
    assert len(engine.requests) == 1
    pages.close()


def test_a_product_and_the_status_are_read(client: Any) -> None:
    assert client.get_product("p7").product_id == "p7"
    assert client.status().product_count == 7


def test_an_upsert_of_many_is_several_calls_and_one_result(client: Any, engine: Engine) -> None:
    result = client.upsert(iter(products(1_200, without_title=700)))
    assert [len(each) for each in engine.requests] == [500, 500, 200]
    assert (result.accepted_count, result.rejected_count, result.log_position) == (1_199, 1, 1_300)
    [rejection] = result.rejections
    assert (rejection.position, rejection.field) == (701, "title")


def test_large_products_make_smaller_calls(client: Any, engine: Engine) -> None:
    client.upsert(Product(product_id=f"p{n}", title="t", description="x" * (1 << 20)) for n in range(6))
    assert [len(each) for each in engine.requests] == [4, 2]


def test_an_update_names_its_fields(client: Any, engine: Engine) -> None:
    client.upsert(products(2), update_mask=["price", "title"])
    assert [list(each.update_mask.paths) for each in engine.requests[0]] == [["price", "title"]] * 2
    client.upsert(products(1))
    assert not engine.requests[1][0].HasField("update_mask")


def test_nothing_to_write_is_no_call(client: Any, engine: Engine) -> None:
    assert client.upsert([]).log_position == client.delete([]).accepted_count == 0
    assert not engine.requests


def test_a_delete_of_many_is_several_calls_and_one_result(client: Any, engine: Engine) -> None:
    result = client.delete(f"p{n}" for n in range(1_500))
    assert [len(each.product_ids) for each in engine.requests] == [1_000, 500]
    assert (result.accepted_count, result.log_position) == (1_500, 102)


def test_a_failed_write_says_what_was_written_before(client: Any, engine: Engine) -> None:
    engine.failures.extend([None, errors.InvalidRequest("request", "is no message")])
    with pytest.raises(InvalidRequest) as caught:
        client.upsert(products(900))
    assert caught.value.written and caught.value.written.accepted_count == 500


def test_reads_wait_for_own_writes_if_asked_to(connect: Any, engine: Engine) -> None:
    client = connect(read_your_writes=True)
    client.search("shoes")
    position = client.upsert(products(3)).log_position
    client.search("shoes")
    client.get_product("p1")
    client.search("shoes", wait_for_visible=5)
    reads = [each.wait_for_visible for each in engine.requests if not isinstance(each, list)]
    assert reads == [0, position, position, 5]
    assert client.delete(["p1"]).log_position == position + 1
    list(client.pages("shoes"))
    assert {each.wait_for_visible for each in engine.requests[-PAGES:]} == {position + 1}


def test_reads_do_not_wait_unless_asked_to(client: Any, engine: Engine) -> None:
    client.upsert(products(3))
    client.search("shoes")
    assert engine.requests[-1].wait_for_visible == 0


def test_a_write_that_the_engine_knows_no_longer_is_not_waited_for(connect: Any, engine: Engine) -> None:
    client = connect(read_your_writes=True)
    client.upsert(products(3))
    engine.log_end = 0  # it was given other data
    assert client.search("shoes").results
    client.search("shoes")
    assert engine.requests[-1].wait_for_visible == 0
    with pytest.raises(InvalidRequest, match="never given"):
        client.search("shoes", wait_for_visible=9)


def test_writes_before_a_failure_are_waited_for_too(connect: Any, engine: Engine) -> None:
    client = connect(read_your_writes=True)
    engine.failures.extend([None, errors.InvalidRequest("request", "is no message")])
    with pytest.raises(InvalidRequest):
        client.upsert(products(900))
    client.search("shoes")
    assert engine.requests[-1].wait_for_visible == 600


def test_an_engine_that_is_not_there_is_unavailable(connect: Any) -> None:
    client = connect(address="127.0.0.1:1", timeout_seconds=0.5)
    with pytest.raises(Unavailable):
        client.search("shoes")
