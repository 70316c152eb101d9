"""What a caller sent comes back cut, so that an answer is never as long as a request."""

from collections.abc import AsyncIterator

from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import Price, Product, UpsertProductsRequest
from aisle.v1.events_pb2 import EventProduct, RecordEventsRequest, UserEvent
from services.gateway.catalog.catalog_service import CatalogService
from services.gateway.events.event_service import EventService
from shared.events.sqlite import SqliteEventLog
from tests.unit.gateway.conftest import SIGNATURES, Retrieval

LONG = "x" * 500_000


async def test_rejections_cut_the_id_and_the_value_and_keep_the_remedy(log: SqliteEventLog) -> None:
    async def requests() -> AsyncIterator[UpsertProductsRequest]:
        yield UpsertProductsRequest(product=Product(product_id="p"), update_mask=FieldMask(paths=[LONG]))
        yield UpsertProductsRequest(
            product=Product(product_id="p", title="t", price=Price(currency_code=LONG))
        )
        yield UpsertProductsRequest(product=Product(product_id=LONG, title="t"))

    answer = await CatalogService(log, Retrieval(snapshot_version="")).UpsertProducts(requests())
    assert [each.field for each in answer.rejections] == [
        "update_mask",
        "price.currency_code",
        "product_id",
    ]
    assert "or attributes.NAME" in answer.rejections[0].reason
    assert answer.ByteSize() < 5_000


async def test_acknowledgements_cut_the_id_and_the_value(log: SqliteEventLog) -> None:
    products = [EventProduct(product_id="p1")]
    events = [
        UserEvent(event_id="e1", action=LONG, visitor_id="v", products=products),
        UserEvent(event_id=LONG, action="click", visitor_id="v", products=products),
    ]
    response = await EventService(log, SIGNATURES).RecordEvents(RecordEventsRequest(events=events))
    assert [ack.field for ack in response.acks] == ["action", "event_id"]
    assert response.acks[0].event_id == "e1"
    assert response.ByteSize() < 5_000
