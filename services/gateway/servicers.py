"""The gateway's public services, in the form that a server expects."""

from typing import Any

from aisle.v1.admin_pb2_grpc import AdminServiceServicer, add_AdminServiceServicer_to_server
from aisle.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from aisle.v1.events_pb2_grpc import EventServiceServicer, add_EventServiceServicer_to_server
from aisle.v1.recommend_pb2_grpc import (
    RecommendServiceServicer,
    add_RecommendServiceServicer_to_server,
)
from aisle.v1.search_pb2_grpc import SearchServiceServicer, add_SearchServiceServicer_to_server
from shared.rpc.server import Register

SEARCH = "aisle.v1.SearchService"


def servicers(
    search: SearchServiceServicer,
    recommend: RecommendServiceServicer,
    catalog: CatalogServiceServicer,
    events: EventServiceServicer,
    admin: AdminServiceServicer,
) -> list[tuple[str, Register, Any]]:
    """(full name, register function, servicer) of each."""
    return [
        (SEARCH, add_SearchServiceServicer_to_server, search),
        ("aisle.v1.RecommendService", add_RecommendServiceServicer_to_server, recommend),
        ("aisle.v1.CatalogService", add_CatalogServiceServicer_to_server, catalog),
        ("aisle.v1.EventService", add_EventServiceServicer_to_server, events),
        ("aisle.v1.AdminService", add_AdminServiceServicer_to_server, admin),
    ]
