"""Run the feedback worker: python -m services.feedback"""

import asyncio
import logging
from contextlib import suppress

from protos.feedback_pb2_grpc import add_FeedbackServiceServicer_to_server
from services.feedback.config import FeedbackConfig
from services.feedback.progress import Progress
from services.feedback.service import FeedbackService, observation
from services.feedback.worker import Worker
from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from shared.rpc import Server

_logger = logging.getLogger("services.feedback")


async def main() -> None:
    """Follow the log on Kafka and keep the features in Redis, until asked to end."""
    config, kafka, redis = load(FeedbackConfig), load(KafkaConfig), load(RedisConfig)
    for variable, value in (("AISLE_KAFKA_ADDRESS", kafka.address), ("AISLE_REDIS_URL", redis.url)):
        if not value:
            raise SystemExit(f"{variable} is not set; the worker reads from Kafka and writes to Redis")
    log, store = KafkaEventLog(kafka), RedisFeatureStore(connect(redis))
    worker = Worker(log, store, observation, config)
    service = FeedbackService(worker.progress)
    server = Server([("aisle.v1.FeedbackService", add_FeedbackServiceServicer_to_server, service)], config.port)
    tasks = [asyncio.create_task(worker.run()), asyncio.create_task(_report(worker.progress, config.report_seconds))]
    await server.run()
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
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
