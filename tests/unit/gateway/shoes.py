"""A search for shoes, and what the tests' gateway answers it with."""

from aisle.v1.search_pb2 import SearchRequest, SearchResponse

FUSED = ["p0", "p1", "p2"]
RERANKED = ["p49", "p48", "p47"]


def shoes(**settings: object) -> SearchRequest:
    asked = {"query": "shoe", "page_size": 3, "deadline_ms": 400, **settings}
    return SearchRequest(**asked)  # type: ignore[arg-type]


def ids(page: SearchResponse) -> list[str]:
    return [result.product.product_id for result in page.results]
