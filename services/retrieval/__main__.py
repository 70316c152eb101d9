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
from shared.errors import AisleError
from shared.rpc import Server

log = logging.getLogger("services.retrieval")


async def follow(snapshots: Snapshots, root: Path, refresh_seconds: float) -> None:
    """Open what `current` names under `root` whenever it changes; a snapshot that cannot be opened is not served."""
    tried = None
    while True:
        version = current(root)
        if version and version != tried:
            tried = version
            try:
                snapshots.swap(await asyncio.to_thread(Snapshot.open, root / version))
                log.info("serving snapshot %s", version)
            except (AisleError, OSError, ValueError) as error:
                log.error("snapshot %s is not served: %s", version, error)
        await asyncio.sleep(refresh_seconds)


async def main() -> None:
    """Serve, and follow what is published under the data folder, until asked to end."""
    config, snapshots = load(RetrievalConfig), Snapshots()
    service = RetrievalService(snapshots, Retriever(config.leg_limit, config.dense_floor), config.correct_spelling)
    server = Server([("aisle.v1.RetrievalService", add_RetrievalServiceServicer_to_server, service)], config.port)
    following = asyncio.create_task(follow(snapshots, Path(config.data) / "snapshots", config.refresh_seconds))
    await server.run()
    following.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
