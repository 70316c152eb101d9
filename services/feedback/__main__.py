"""Run the feedback worker: python -m services.feedback"""

import asyncio
import logging
from contextlib import suppress

from protos.feedback_pb2_grpc import add_FeedbackServiceServicer_to_server
from services.feedback.config import FeedbackConfig
from services.feedback.progress import Progress
from services.feedback.service import FeedbackService, observation, replica_status
from services.feedback.worker import Worker
from shared import process_log
from shared.config import load
from shared.events.opening import open_log
from shared.features.opening import open_feature_store
from shared.rpc import Server, asked_to_end
from shared.status import status_door

_logger = logging.getLogger("services.feedback")


async def main() -> None:
    """Follow the log on Kafka and keep the features in Redis, until asked to end."""
    config, log, store = load(FeedbackConfig), open_log(), open_feature_store()
    worker = Worker(log, store, observation, config)
    progress = worker.progress
    doors = [
        ("aisle.v1.FeedbackService", add_FeedbackServiceServicer_to_server, FeedbackService(progress)),
        status_door(lambda: replica_status(progress)),
    ]
    server = Server(doors, config.port)

    async def healthy_once_it_follows() -> None:
        await worker.ready.wait()
        await server.report(serving=True)

    ended = asked_to_end()
    await server.start(serving=False)
    work = (worker.run(), _report(progress, config.report_seconds), healthy_once_it_follows())
    tasks = [asyncio.create_task(each) for each in work]
    await ended.wait()
    await server.stop()
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await worker.close()
    await log.close()
    await store.close()


async def _report(progress: Progress, every_seconds: float) -> None:
    """Say now and then how far the worker has come, if it has."""
    told = 0
    while True:
        await asyncio.sleep(every_seconds)
        if progress.applied_count != told or progress.waiting_for:
            told = progress.applied_count
            _logger.info("%s", progress)


if __name__ == "__main__":
    process_log.begin()
    asyncio.run(main())
