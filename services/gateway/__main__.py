"""Run the gateway: python -m services.gateway

The services are reached at their addresses; the log is on Kafka where AISLE_KAFKA_ADDRESS names it, else a file of this
process. What gateways share beyond that is in Redis, where AISLE_REDIS_URL names it.
"""

import asyncio

from protos.embedding_pb2_grpc import EmbeddingServiceStub
from protos.reranker_pb2_grpc import RerankerServiceStub
from protos.retrieval_pb2_grpc import RetrievalServiceStub
from services.gateway.admin_service import AdminService
from services.gateway.cached_embedding import CachedEmbedding
from services.gateway.caches import Caches
from services.gateway.catalog_service import CatalogService
from services.gateway.config import GatewayConfig
from services.gateway.doors import doors
from services.gateway.event_log import open_event_log
from services.gateway.event_service import EventService
from services.gateway.search_service import SearchService
from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.redis.config import RedisConfig
from shared.rpc import Server, connect


async def main() -> None:
    config = load(GatewayConfig)
    log = open_event_log(config, load(KafkaConfig))
    async with (
        connect(config.embedding_address) as embedding,
        connect(config.retrieval_address) as retrieval,
        connect(config.reranker_address) as reranker,
    ):
        caches, encoder = Caches.open(load(RedisConfig), config), EmbeddingServiceStub(embedding)
        stubs = (
            CachedEmbedding(encoder, caches.encodings) if caches else encoder,
            RetrievalServiceStub(retrieval),
            RerankerServiceStub(reranker),
        )
        search = SearchService(*stubs, log, config, caches.windows if caches else None)
        catalog = CatalogService(log, RetrievalServiceStub(retrieval))
        await Server(doors(search, catalog, EventService(log), AdminService(search)), config.port).run()
        await search.close()
        if caches:
            await caches.close()
        await log.close()


if __name__ == "__main__":
    asyncio.run(main())
