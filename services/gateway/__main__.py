"""Run the gateway: python -m services.gateway

The services are called at their addresses, and each may have several. The log is on Kafka if
AISLE_KAFKA_ADDRESS names it, otherwise in a file of this process. Gateways share caches in Redis if
AISLE_REDIS_URL names it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from services.gateway.admin.admin_service import AdminService
from services.gateway.catalog.catalog_service import CatalogService
from services.gateway.config import GatewayConfig
from services.gateway.events.event_log import open_event_log, open_events_in
from services.gateway.events.event_service import EventService
from services.gateway.events.events_in import EventsIn
from services.gateway.processes import Processes
from services.gateway.recommend.recommend_service import RecommendService
from services.gateway.replicas.stubs import (
    EmbeddingReplicas,
    Replicas,
    RerankerReplicas,
    RetrievalReplicas,
)
from services.gateway.search.cached_embedding import CachedEmbedding
from services.gateway.search.caches import Caches
from services.gateway.search.search_service import SearchService
from services.gateway.secret_file import SecretFile
from services.gateway.servicers import SEARCH, servicers
from services.gateway.signatures import Signatures
from shared import owner_only, process_log
from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.log import EventLog
from shared.events.spooled import SpooledEventLog
from shared.priority import answer_promptly
from shared.process_end import run
from shared.redis.config import RedisConfig
from shared.rpc.server import Server, asked_to_end

Counts = Callable[[], Mapping[str, int]]


async def main() -> None:
    """Serve until asked to end."""
    config = load(GatewayConfig)
    kafka = load(KafkaConfig)
    log = open_event_log(config, kafka)
    signatures = Signatures(SecretFile(Path(config.secret_path)).current)
    embedding = EmbeddingReplicas(config.embedding_address, config.hedge_share)
    retrieval = RetrievalReplicas(config.retrieval_address, config.hedge_share)
    reranker = RerankerReplicas(config.reranker_address, config.hedge_share)
    services = _by_name(embedding, retrieval, reranker)
    async with AsyncExitStack() as stack:
        for each in services.values():
            await stack.enter_async_context(each.open(config.resolve_seconds))
        caches = Caches.open(load(RedisConfig), config)
        cached = CachedEmbedding(embedding, caches.encodings) if caches else embedding
        windows = caches.windows if caches else None
        search = SearchService(cached, retrieval, reranker, log, config, signatures, windows)
        recommend = RecommendService(retrieval, reranker, search.parts)
        processes = Processes(config.addresses, log, {name: each.ejected for name, each in services.items()})
        events = EventService(log, signatures)
        events_in = await open_events_in(log, events.record, config, kafka)
        admin = _admin(processes, (search.counts, recommend.counts), log, events_in)
        parts = servicers(search, recommend, CatalogService(log, retrieval), events, admin)
        await _serve(Server(parts, config.port, config.host), retrieval, events_in)
        await search.close()
        await processes.close()
        if caches:
            await caches.close()
    await log.close()


def _by_name(
    embedding: EmbeddingReplicas, retrieval: RetrievalReplicas, reranker: RerankerReplicas
) -> dict[str, Replicas[Any]]:
    return {"embedding": embedding.all, "retrieval": retrieval.all, "reranker": reranker.all}


def _admin(
    processes: Processes, pages: Sequence[Counts], log: EventLog, events_in: EventsIn | None
) -> AdminService:
    spooled = [log.counts] if isinstance(log, SpooledEventLog) else []
    followed = [events_in.counts] if events_in else []
    return AdminService(processes, *pages, *spooled, *followed)


async def _serve(server: Server, retrieval: RetrievalReplicas, events_in: EventsIn | None) -> None:
    ended = asked_to_end()  # before the server reports that it is ready
    await server.start()
    work = [asyncio.create_task(_report_searchable(server, retrieval))]
    if events_in:
        work.append(asyncio.create_task(events_in.run()))
    await ended.wait()
    await server.stop()
    for task in work:
        task.cancel()
    if events_in:
        await events_in.close()


async def _report_searchable(server: Server, retrieval: RetrievalReplicas) -> None:
    """Keep the health of the search service equal to retrieval's.

    Events and writes are accepted without it.
    """
    while True:
        retrieval.all.channels.changed.clear()
        await server.report(retrieval.all.ready, SEARCH)
        await retrieval.all.channels.changed.wait()


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    answer_promptly()
    run(main)
