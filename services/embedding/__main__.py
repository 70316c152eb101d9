"""Run the query tower: python -m services.embedding"""

import asyncio
from dataclasses import replace
from pathlib import Path

from aisle.v1.embedding_pb2_grpc import add_EmbeddingServiceServicer_to_server
from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.service import NAME, EmbeddingService, replica_status
from shared import owner_only, process_log
from shared.config import load
from shared.priority import answer_promptly
from shared.process_end import run
from shared.rpc.server import Server, asked_to_end
from shared.rpc.status import status_servicer


async def main() -> None:
    """Serve until asked to end."""
    config = load(EmbeddingConfig)
    data = Path(config.data)
    encoders = Encoders(replace(config, cache=config.cache or str(data / "engines")), data)
    service = EmbeddingService(encoders)
    servicers = [
        (NAME, add_EmbeddingServiceServicer_to_server, service),
        status_servicer(lambda: replica_status(encoders)),
    ]
    server = Server(servicers, config.port, config.host)
    await server.start(serving=False)
    await asyncio.to_thread(encoders.refresh)
    ended = asked_to_end()  # before health checks report that it is ready
    await server.report(serving=True)
    following = asyncio.create_task(encoders.follow(config.refresh_seconds))
    await ended.wait()
    await server.stop()
    following.cancel()
    encoders.close()


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    answer_promptly()
    run(main)
