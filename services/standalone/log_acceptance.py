"""Checks whether a log belongs to a data folder, and accepts another one."""

import asyncio
from pathlib import Path

from services.embedding.indexing.accepting import check_log
from services.standalone.known_log import KnownLog
from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import TOPICS
from shared.events.sqlite import SqliteEventLog

LOG = "log.sqlite"  # in the data folder


async def check_the_log(data: Path, log: SqliteEventLog, accept: bool = False) -> None:
    """Raise LogBehind if DATA's log ends before the positions of its snapshot or its features.

    With `accept`, accept that log.
    """
    known = KnownLog.of(data)
    await check_log(data, log, accept)
    ends = {topic: await log.end_offset(topic) for topic in TOPICS}
    if accept:
        known.accept(log.log_id, ends)
    else:
        known.check(data / LOG, log.log_id, ends)


def accept_the_log(data: Path) -> None:
    """Accept the log that DATA is used with, which is on Kafka if one is configured.

    Raises Unavailable while an engine has the file.
    """
    kafka = load(KafkaConfig)
    asyncio.run(_accept_on_kafka(data, kafka) if kafka.address else _accept_file(data))


async def _accept_on_kafka(data: Path, kafka: KafkaConfig) -> None:
    log = KafkaEventLog(kafka)
    try:
        await check_log(data, log, accept=True)
    finally:
        await log.close()


async def _accept_file(data: Path) -> None:
    log = SqliteEventLog(data / LOG)
    try:
        await check_the_log(data, log, accept=True)
    finally:
        await log.close()
