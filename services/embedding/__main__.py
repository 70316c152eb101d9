"""Run the query tower: python -m services.embedding"""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from protos.embedding_pb2_grpc import add_EmbeddingServiceServicer_to_server
from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.service import NAME, EmbeddingService
from shared.config import load
from shared.rpc import Server


async def main() -> None:
    """Serve until asked to end."""
    config = load(EmbeddingConfig)
    data = Path(config.data)
    encoders = Encoders(replace(config, cache=config.cache or str(data / "engines")), data)
    await asyncio.to_thread(encoders.refresh)
    following = asyncio.create_task(encoders.follow(config.refresh_seconds))
    server = Server([(NAME, add_EmbeddingServiceServicer_to_server, EmbeddingService(encoders))], config.port)
    await server.run()
    following.cancel()
    encoders.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
