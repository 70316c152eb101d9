"""A client with the generated stubs.

A folder `aisle` beside it, copied from clients/python/src, grpcio and protobuf.

python stub_client.py localhost:50051 "running shoes"
"""

import sys

import grpc

from aisle.v1.catalog_pb2 import GetProductRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventProduct, EventStatus, StreamEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub


def main(address: str, query: str) -> None:
    """Ask for a page, read its first product, and tell the server that it was clicked."""
    with grpc.insecure_channel(address) as channel:
        page = SearchServiceStub(channel).Search(SearchRequest(query=query, page_size=5, visitor_id="v1"))
        for result in page.results:
            print(f"{result.position:3}  {result.product.price.amount:9.2f}  {result.product.title}")
        print(f"{page.total_count} products")
        first = page.results[0].product.product_id
        product = CatalogServiceStub(channel).GetProduct(GetProductRequest(product_id=first)).product
        print("first:", product.title)
        event = UserEvent(
            event_id=f"{page.query_id}-1", action="click", visitor_id="v1", query_id=page.query_id
        )
        event.products.append(EventProduct(product_id=first, position=1))
        for response in EventServiceStub(channel).StreamEvents(iter([StreamEventsRequest(event=event)])):
            print("event:", EventStatus.Name(response.ack.status))


if __name__ == "__main__":
    main(*sys.argv[1:])
