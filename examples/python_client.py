"""The Python client: `pip install aisle-client`.

python python_client.py localhost:50051 "running shoes"
"""

import sys
from itertools import chain, islice

from aisle.client import AisleError, Client
from aisle.v1.events_pb2 import EventProduct, EventStatus, UserEvent


def main(address: str, query: str) -> None:
    """Ask for two pages, read the first product, and tell the server that it was clicked."""
    with Client(address) as client:
        pages = list(islice(client.pages(query, page_size=5, visitor_id="v1"), 2))
        for result in chain.from_iterable(page.results for page in pages):
            print(f"{result.position:3}  {result.product.price.amount:9.2f}  {result.product.title}")
        page = pages[0]
        print(f"{page.total_count} products")
        first = client.get_product(page.results[0].product.product_id)
        print("first:", first.title)
        event = UserEvent(action="click", visitor_id="v1", query_id=page.query_id)
        event.products.append(EventProduct(product_id=first.product_id, position=1))
        for ack in client.events([event]):
            print("event:", EventStatus.Name(ack.status))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AisleError as error:
        sys.exit(f"{error.reason or error.code.name}: {error}")
