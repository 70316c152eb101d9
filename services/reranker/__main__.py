"""Run the reranker: python -m services.reranker"""

from pathlib import Path

from aisle.v1.reranker_pb2_grpc import add_RerankerServiceServicer_to_server
from services.reranker.bundle_follower import BundleFollower
from services.reranker.config import RerankerConfig
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.service import NAME, RerankerService, product_texts, replica_status
from services.reranker.work_queue import WorkQueue
from shared import owner_only, process_log
from shared.config import load
from shared.events.opening import open_log
from shared.features.opening import find_feature_store
from shared.live.snapshot_follower import SnapshotFollower
from shared.priority import answer_promptly
from shared.process_end import run
from shared.product_memory.follower import ProductMemoryFollower
from shared.query_memory.follower import MemoryFollower
from shared.rpc.server import Server
from shared.rpc.status import status_servicer
from shared.snapshot.generation import snapshots_of


async def main() -> None:
    """Serve until the process is stopped. Follows the data folder and the log."""
    config = load(RerankerConfig)
    log = open_log()
    opened = OpenedRerankers()
    data = Path(config.data)
    work_queue = WorkQueue(config.workers, config.max_waiting)
    store = find_feature_store()
    memory = MemoryFollower(data) if config.near_queries else None
    features = FeatureReader(store, config.features_ms) if store else None
    products = ProductMemoryFollower(data)
    service = RerankerService(
        opened, work_queue, features, memory, products, config.diversity, config.fatigue
    )
    status = status_servicer(lambda: replica_status(opened), lambda: log.waiting_for)
    server = Server(
        [(NAME, add_RerankerServiceServicer_to_server, service), status], config.port, config.host
    )
    shop = BundleFollower(data, config, product_texts, opened)
    follower = SnapshotFollower(log, snapshots_of(data), [shop.open], config.refresh_seconds)
    try:
        seconds = config.refresh_seconds
        following = [products.run(seconds), *([memory.run(seconds)] if memory else [])]
        await server.run(follower.opened(), follower.run(), shop.follow(seconds), *following)
    finally:
        service.close()
        await log.close()
        if store:
            await store.close()


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    answer_promptly()
    run(main)
