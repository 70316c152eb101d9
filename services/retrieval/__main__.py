"""Run retrieval: python -m services.retrieval"""

from pathlib import Path

from aisle.v1.retrieval_pb2_grpc import add_RetrievalServiceServicer_to_server
from services.retrieval.config import RetrievalConfig
from services.retrieval.followed_snapshot import FollowedSnapshot
from services.retrieval.opening import retrieval_service
from services.retrieval.service import NAME, replica_status
from services.retrieval.snapshots import Snapshots
from shared import owner_only, process_log
from shared.config import load
from shared.events.opening import open_log
from shared.live.snapshot_follower import SnapshotFollower
from shared.priority import answer_promptly
from shared.process_end import run
from shared.query_memory.follower import MemoryFollower
from shared.rpc.server import Server
from shared.rpc.status import status_servicer
from shared.snapshot.generation import snapshots_of
from shared.snapshot.scratch import Scratch, scratch_root


async def main() -> None:
    """Serve until asked to end. Follows the data folder's snapshots and the log."""
    config = load(RetrievalConfig)
    log = open_log()
    snapshots = Snapshots()
    data = Path(config.data)
    root = snapshots_of(data)
    scratch = Scratch(scratch_root(config.scratch, data))
    memory = MemoryFollower(data)
    service = retrieval_service(snapshots, config, data, memory)
    status = status_servicer(lambda: replica_status(snapshots), lambda: log.waiting_for)
    server = Server(
        [(NAME, add_RetrievalServiceServicer_to_server, service), status], config.port, config.host
    )
    opens = [lambda version: FollowedSnapshot(root / version, scratch.folder, snapshots)]
    follower = SnapshotFollower(log, root, opens, config.refresh_seconds)
    try:
        following = [memory.run(config.refresh_seconds)] if config.memory_limit else []
        await server.run(follower.opened(), follower.run(), *following)
    finally:
        await log.close()
        scratch.close()


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    answer_promptly()
    run(main)
