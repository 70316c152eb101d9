"""Run the trainer: python -m services.training

It keeps the tables of shoppers' actions up to date, and learns from them.
"""

from pathlib import Path

from aisle.v1.status_pb2 import ReplicaStatus
from services.feedback.join.config import JoinConfig
from services.feedback.join.worker import JoinWorker
from services.feedback.service import joinable
from services.training.learning.config import TrainerConfig
from services.training.learning.looking import Looking
from services.training.learning.state import LearningState, last_round
from shared import owner_only, process_log
from shared.config import load
from shared.events.opening import open_log
from shared.models.registry import Registry
from shared.priority import give_way
from shared.process_end import run
from shared.rpc.server import Server
from shared.rpc.status import status_servicer


async def main() -> None:
    """Join and learn until the process is stopped."""
    config = load(TrainerConfig)
    data = Path(config.data)
    owner_only.data_folder(data)
    log = open_log()
    worker = JoinWorker(log, data / "tables", joinable, load(JoinConfig))
    looking = Looking(data, config)

    def status() -> ReplicaStatus:
        return ReplicaStatus(
            bundle_version=Registry.of(data).version_in_use(),
            waiting_for=worker.trouble or looking.trouble,
            learning=last_round(LearningState.read(data)),
        )

    async def ready() -> None:
        """Ready at once: no other service waits for the trainer."""

    server = Server([status_servicer(status, lambda: log.waiting_for)], config.port, config.host)
    try:
        await server.run(ready(), worker.run(), looking.run())
    finally:
        await worker.close()
        await log.close()


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    give_way()
    run(main)
