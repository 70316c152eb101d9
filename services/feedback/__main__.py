"""Run the feedback worker: python -m services.feedback"""

import asyncio
import logging

from aisle.v1.feedback_pb2_grpc import add_FeedbackServiceServicer_to_server
from services.feedback.config import FeedbackConfig
from services.feedback.progress import Progress
from services.feedback.service import FeedbackService, observation, replica_status
from services.feedback.worker import Worker
from shared import owner_only, process_log
from shared.config import load
from shared.events.opening import open_log
from shared.features.opening import open_feature_store
from shared.priority import give_way
from shared.process_end import run
from shared.rpc.server import Server
from shared.rpc.status import status_servicer

_LOG = logging.getLogger("services.feedback")


async def main() -> None:
    """Follow the log on Kafka and keep the features in Redis until the process is stopped."""
    config = load(FeedbackConfig)
    log = open_log()
    store = open_feature_store()
    worker = Worker(log, store, observation, config)
    progress = worker.progress
    servicers = [
        (
            "aisle.v1.FeedbackService",
            add_FeedbackServiceServicer_to_server,
            FeedbackService(progress),
        ),
        status_servicer(lambda: replica_status(progress)),
    ]
    server = Server(servicers, config.port, config.host)

    try:
        await server.run(worker.ready.wait(), worker.run(), _report(progress, config.report_seconds))
    finally:
        await worker.close()
        await log.close()
        await store.close()


async def _report(progress: Progress, every_seconds: float) -> None:
    """Log the progress every `every_seconds` if it has changed or something is down."""
    reported_count = 0
    while True:
        await asyncio.sleep(every_seconds)
        if progress.applied_count != reported_count or progress.trouble:
            reported_count = progress.applied_count
            _LOG.info("%s", progress)


if __name__ == "__main__":
    process_log.begin()
    owner_only.begin()
    give_way()
    run(main)
