"""Run the gateway: python -m services.gateway

The services are reached at their addresses; the log is a file of this process. Nobody follows the events in this
process, so pages are not personalised until log and feature store are ones that processes share.
"""

import asyncio
from pathlib import Path

from protos.embedding_pb2_grpc import EmbeddingServiceStub
from protos.reranker_pb2_grpc import RerankerServiceStub
from protos.retrieval_pb2_grpc import RetrievalServiceStub
from services.gateway.admin_service import AdminService
from services.gateway.catalog_service import CatalogService
from services.gateway.config import GatewayConfig
from services.gateway.doors import doors
from services.gateway.event_service import EventService
from services.gateway.search_service import SearchService
from shared.config import load
from shared.events.sqlite import SqliteEventLog
from shared.features.memory import MemoryFeatureStore
from shared.rpc import Server, connect


async def main() -> None:
    config = load(GatewayConfig)
    log = SqliteEventLog(Path(config.log_path))
    async with (
        connect(config.embedding_address) as embedding,
        connect(config.retrieval_address) as retrieval,
        connect(config.reranker_address) as reranker,
    ):
        stubs = (EmbeddingServiceStub(embedding), RetrievalServiceStub(retrieval), RerankerServiceStub(reranker))
        search = SearchService(*stubs, MemoryFeatureStore(), log, config)
        catalog = CatalogService(log, RetrievalServiceStub(retrieval))
        await Server(doors(search, catalog, EventService(log), AdminService(search)), config.port).run()
        await search.close()
        await log.close()


if __name__ == "__main__":
    asyncio.run(main())
