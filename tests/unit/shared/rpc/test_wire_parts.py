"""What a message would become is known before it is parsed."""

from typing import Any

import pytest

from aisle.v1.catalog_pb2 import (
    AttributeValues,
    DeleteProductsRequest,
    Product,
    UpsertProductsRequest,
)
from aisle.v1.events_pb2 import EventProduct, RecordEventsRequest, UserEvent
from aisle.v1.search_pb2 import AnyOf, Filter, SearchRequest
from shared.rpc.wire_parts import has_more_parts

EMPTY_FILTER = b"\x3a\x00"
EMPTY_EVENT = b"\x0a\x00"
EMPTY_PRODUCT = b"\x42\x00"


def field(tag: bytes, content: bytes) -> bytes:
    """A length-delimited field of up to 2 MiB."""
    length = len(content)
    return tag + bytes([length & 127 | 128, length >> 7 & 127 | 128, length >> 14]) + content


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (EMPTY_FILTER * 1_001, SearchRequest),
        (field(b"\x0a", EMPTY_PRODUCT * 1_001), RecordEventsRequest),  # inside one event
        (b"\x0a\x02\x08\x01" * 1_001, SearchRequest),  # values count as well
        (b"\xa0\x3f\x01" * 1_001, SearchRequest),  # and unknown fields
    ],
)
def test_a_message_of_small_parts_has_too_many(data: bytes, kind: Any) -> None:
    assert has_more_parts(data, kind.DESCRIPTOR, 1_000)
    assert not has_more_parts(data, kind.DESCRIPTOR, 2_000)


def test_a_long_list_of_empty_texts_is_counted_though_no_message_is_in_it() -> None:
    bomb = field(b"\x3a", field(b"\x12", b"\x0a\x00" * 50_000))
    assert has_more_parts(bomb, SearchRequest.DESCRIPTOR, 20_000)


def test_long_values_are_passed_over() -> None:
    product = Product(product_id="p", description="x" * 1_000_000)
    for number in range(100):
        product.attributes[f"name {number}"].CopyFrom(AttributeValues(text=["y" * 2_000] * 10))
    data = UpsertProductsRequest(product=product).SerializeToString()
    assert len(data) > 2_000_000
    assert not has_more_parts(data, UpsertProductsRequest.DESCRIPTOR, 500)


@pytest.mark.parametrize(
    "message",
    [
        SearchRequest(filters=[Filter(field="brands", any_of=AnyOf(values=["x" * 8] * 1_000))] * 100),
        DeleteProductsRequest(product_ids=["x" * 100] * 10_000),
    ],
)
def test_the_largest_request_that_is_allowed_is_no_bomb(
    message: SearchRequest | DeleteProductsRequest,
) -> None:
    assert not has_more_parts(message.SerializeToString(), message.DESCRIPTOR, 20_000)


def test_the_largest_batch_of_events_is_no_bomb() -> None:
    event = UserEvent(
        event_id="e", action="view", visitor_id="v", products=[EventProduct(product_id="p")] * 100
    )
    data = RecordEventsRequest(events=[event] * 1_000).SerializeToString()
    assert not has_more_parts(data, RecordEventsRequest.DESCRIPTOR, 150_000)


@pytest.mark.parametrize(
    "data", [b"\xff" * 5_000, b"\x3a", b"\x07" * 5_000, b"\x3a\xff\xff\xff\xff\x0f" * 1_000]
)
def test_what_is_no_message_is_left_to_the_parser(data: bytes) -> None:
    assert not has_more_parts(data, SearchRequest.DESCRIPTOR, 1_000)
