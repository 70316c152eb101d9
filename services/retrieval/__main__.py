"""Run retrieval: python -m services.retrieval"""

import asyncio
import logging
from pathlib import Path

from protos.retrieval_pb2_grpc import add_RetrievalServiceServicer_to_server
from services.retrieval.config import RetrievalConfig
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.artifacts import current
from shared.config import load
from shared.following import Follower
from shared.rpc import Server

_logger = logging.getLogger("services.retrieval")


async def main() -> None:
    """Serve, and follow what is published under the data folder, until asked to end."""
    config, snapshots = load(RetrievalConfig), Snapshots()
    root = Path(config.data) / "snapshots"

    def take_up(version: str | None) -> None:
        if version:
            snapshots.swap(Snapshot.open(root / version))
            _logger.info("serving snapshot %s", version)

    service = RetrievalService(snapshots, Retriever(config.leg_limit, config.dense_floor), config.correct_spelling)
    server = Server([("aisle.v1.RetrievalService", add_RetrievalServiceServicer_to_server, service)], config.port)
    following = asyncio.create_task(Follower(lambda: current(root), take_up).run(config.refresh_seconds))
    await server.run()
    following.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
