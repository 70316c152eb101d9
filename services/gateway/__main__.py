"""Run the gateway: python -m services.gateway

The services are reached at their addresses; the log is a file of this process. Visitors' states are kept by a feedback
service in the same process only, so pages are not personalised here until a store that processes share is configured.
"""

import asyncio
from pathlib import Path
from typing import Any

from protos.admin_pb2_grpc import add_AdminServiceServicer_to_server
from protos.catalog_pb2_grpc import add_CatalogServiceServicer_to_server
from protos.embedding_pb2_grpc import EmbeddingServiceStub
from protos.events_pb2_grpc import add_EventServiceServicer_to_server
from protos.reranker_pb2_grpc import RerankerServiceStub
from protos.retrieval_pb2_grpc import RetrievalServiceStub
from protos.search_pb2_grpc import add_SearchServiceServicer_to_server
from services.gateway.admin_service import AdminService
from services.gateway.catalog_service import CatalogService
from services.gateway.catalog_view import LogCatalogView, NothingServed
from services.gateway.config import GatewayConfig
from services.gateway.event_service import EventService
from services.gateway.search_service import SearchService
from shared.config import load
from shared.events.sqlite import SqliteEventLog
from shared.features.memory import MemoryFeatureStore
from shared.rpc import Register, Server, connect


async def main() -> None:
    config = load(GatewayConfig)
    log = SqliteEventLog(Path(config.log_path))
    async with (
        connect(config.embedding_address) as embedding,
        connect(config.retrieval_address) as retrieval,
        connect(config.reranker_address) as reranker,
    ):
        search = SearchService(
            EmbeddingServiceStub(embedding),
            RetrievalServiceStub(retrieval),
            RerankerServiceStub(reranker),
            MemoryFeatureStore(),
            log,
            config,
        )
        catalog = CatalogService(log, LogCatalogView(log, NothingServed()))
        services: list[tuple[str, Register, Any]] = [
            ("aisle.v1.SearchService", add_SearchServiceServicer_to_server, search),
            ("aisle.v1.CatalogService", add_CatalogServiceServicer_to_server, catalog),
            ("aisle.v1.EventService", add_EventServiceServicer_to_server, EventService(log)),
            ("aisle.v1.AdminService", add_AdminServiceServicer_to_server, AdminService(search)),
        ]
        await Server(services, config.port).run()
        await search.close()
        await log.close()


if __name__ == "__main__":
    asyncio.run(main())
