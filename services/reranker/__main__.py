"""Run the reranker: python -m services.reranker"""

import asyncio
import logging
from pathlib import Path

from protos.reranker_pb2_grpc import add_RerankerServiceServicer_to_server
from services.reranker.config import RerankerConfig
from services.reranker.feature_reader import FeatureReader
from services.reranker.following import follow
from services.reranker.lane import Lane
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import newest, open_reranker
from services.reranker.reranker import Reranker
from services.reranker.service import RerankerService, product_texts
from shared.config import load
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from shared.rpc import Server


async def main() -> None:
    """Serve, and follow what is published under the data folder, until asked to end."""
    config = load(RerankerConfig)
    data, opened = Path(config.data), OpenedRerankers()

    def reopen() -> Reranker | None:
        snapshot_version, _ = newest(data)
        return open_reranker(data, snapshot_version, config, product_texts) if snapshot_version else None

    lane, store = Lane(config.workers, config.max_waiting), _feature_store()
    service = RerankerService(opened, lane, FeatureReader(store, config.features_ms) if store else None)
    server = Server([("aisle.v1.RerankerService", add_RerankerServiceServicer_to_server, service)], config.port)
    following = asyncio.create_task(follow(opened, lambda: newest(data), reopen, config.refresh_seconds))
    await server.run()
    following.cancel()
    lane.close()
    if store:
        await store.close()


def _feature_store() -> RedisFeatureStore | None:
    config = load(RedisConfig)
    return RedisFeatureStore(connect(config)) if config.url else None


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
