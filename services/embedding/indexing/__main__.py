"""Run the indexer: python -m services.embedding.indexing"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aisle.v1.status_pb2 import ReplicaStatus
from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.indexing.catalog_follower import CatalogFollower
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.snapshot_folder import the_indexer
from shared import owner_only, process_log
from shared.config import load
from shared.events.opening import open_log
from shared.priority import give_way
from shared.process_end import run
from shared.product_text import product_text_of
from shared.rpc.server import Server
from shared.rpc.status import status_servicer

_LOG = logging.getLogger("services.embedding.indexing")


async def main() -> None:
    """Follow the catalogue until asked to end. If another indexer runs, wait until it ends."""
    config = load(IndexingConfig)
    embedding = load(EmbeddingConfig)
    events = open_log()
    data = Path(config.data)
    owner_only.data_folder(data)
    encoders = Encoders(replace(embedding, cache=embedding.cache or str(data / "engines")), data, warm=False)
    follower = CatalogFollower(data, events, encoders, product_text_of, config)
    server = Server(
        [status_servicer(lambda: _status(follower, encoders), lambda: events.waiting_for)],
        config.port,
        config.host,
    )

    async def follow() -> None:
        with suppress(Exception):  # encoders.follow logs any error and tries again
            await asyncio.to_thread(encoders.refresh)
        await follower.warm()
        async with the_indexer(data, config.refresh_seconds):
            await follower.run()

    try:
        await server.run(follower.ready.wait(), encoders.follow(config.refresh_seconds), follow())
    finally:
        await events.close()


def _status(follower: CatalogFollower, encoders: Encoders) -> ReplicaStatus:
    positions = follower.positions
    return ReplicaStatus(
        snapshot_version=follower.snapshot_version,
        encoder_versions=list(encoders.all()),
        log_position=positions.catalog,
        vectors_position=positions.vectors,
        waiting_for=""
        if follower.ready.is_set()
        else "the catalogue's log, or another indexer that follows it",
    )


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    give_way()
    run(main)
