"""Other processes that make pages for this one."""

from dataclasses import dataclass
from typing import Protocol

from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from services.gateway.search.budget import Budget


@dataclass(frozen=True, slots=True)
class PageCall:
    """A page that was admitted, beside its request."""

    query_id: str  # of a later page; empty for a first one
    budget: Budget
    peer: str


PageRequest = SearchRequest | RecommendRequest


class PageWorkers(Protocol):
    """Processes with the same snapshot, models and features."""

    async def page(self, request: PageRequest, call: PageCall) -> SearchResponse | None:
        """The page. None if it is to be made in this process.

        Raises the errors of making it.
        """
        ...
