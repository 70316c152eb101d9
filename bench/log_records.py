"""Records as the gateway writes them into the log."""

from aisle.v1.catalog_pb2 import Product
from aisle.v1.events_pb2 import EventProduct, UserEvent
from shared.events.log import NewRecord

VISITORS = 5_000


def click_records(count: int, name: str) -> list[NewRecord]:
    """Clicks as the gateway writes them."""
    records = []
    for number in range(count):
        visitor_id = f"visitor-{number % VISITORS:08d}"
        event_id = f"{name}-{number:024d}"
        event = UserEvent(
            event_id=event_id,
            action="click",
            visitor_id=visitor_id,
            session_id=f"session-{number:08d}",
        )
        event.query_id = "0193b2a4-7f6e-8abc-9def-0123456789ab"
        event.event_time.GetCurrentTime()
        event.products.append(
            EventProduct(product_id=f"product-{number % 30_000:06d}", position=3, price=19.9)
        )
        records.append(NewRecord(visitor_id, event.SerializeToString(), event_id))
    return records


def product_records(count: int) -> list[NewRecord]:
    """Products as the gateway writes them."""
    records = []
    for number in range(count):
        product = Product(
            product_id=f"product-{number:06d}", title=f"Enamel kettle {number}", brands=["Acme"]
        )
        product.description = "A kettle of enamelled steel that whistles when the water boils. " * 6
        product.categories.append("Home > Kitchen > Kettles")
        product.price.amount = 19.9
        records.append(NewRecord(product.product_id, product.SerializeToString()))
    return records
