"""Run the reranker: python -m services.reranker"""

import asyncio
import logging
from pathlib import Path

from protos.reranker_pb2_grpc import add_RerankerServiceServicer_to_server
from services.reranker.config import RerankerConfig
from services.reranker.lane import Lane
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import Names, newest, open_reranker
from services.reranker.service import RerankerService, product_texts
from shared.config import load
from shared.following import Follower
from shared.rpc import Server

_logger = logging.getLogger("services.reranker")


async def main() -> None:
    """Serve, and follow what is published under the data folder, until asked to end."""
    config = load(RerankerConfig)
    data, opened = Path(config.data), OpenedRerankers()

    def take_up(names: Names) -> None:
        if names.snapshot:
            reranker = open_reranker(data, names.snapshot, config, product_texts)
            opened.add(reranker)
            _logger.info("serving snapshot %s with bundle %s", names.snapshot, reranker.bundle_version)

    lane = Lane(config.workers, config.max_waiting)
    service = RerankerService(opened, lane)
    server = Server([("aisle.v1.RerankerService", add_RerankerServiceServicer_to_server, service)], config.port)
    following = asyncio.create_task(Follower(lambda: newest(data), take_up).run(config.refresh_seconds))
    await server.run()
    following.cancel()
    lane.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
