"""Run the query tower: python -m services.embedding"""

import asyncio
import logging

from protos.embedding_pb2_grpc import add_EmbeddingServiceServicer_to_server
from services.embedding.batching import QueryBatcher
from services.embedding.config import EmbeddingConfig
from services.embedding.opening import batch_limits, open_encoder
from services.embedding.service import NAME, EmbeddingService
from shared.config import load
from shared.rpc import Server


async def main() -> None:
    """Serve until asked to end."""
    config = load(EmbeddingConfig)
    encoder = open_encoder(config)
    encoder.encode_queries([])  # builds the engine before anybody asks
    logging.getLogger(__name__).info("%s on %s", encoder.identity.version, encoder.engines["queries"])
    batcher = QueryBatcher(encoder, batch_limits(config))
    service = EmbeddingService(batcher, encoder.identity.version)
    await Server([(NAME, add_EmbeddingServiceServicer_to_server, service)], config.port).run()
    batcher.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
