"""The feedback worker over a real Kafka, beside kafka-python alone.

Run python -m bench.feedback [--events 20000]. It needs AISLE_KAFKA_ADDRESS (`make services` starts
a broker). Topics and a redis-server are made for the run. First comes a backlog: how fast one
worker process applies it, and how fast a plain KafkaConsumer reads the same records. Then comes a
steady state: events at a fixed rate, and the time of every tenth from sending until a reader that
polls Redis every 2 ms sees it.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from kafka import KafkaConsumer

from aisle.v1.feedback_pb2 import GetProgressRequest, GetProgressResponse
from aisle.v1.feedback_pb2_grpc import FeedbackServiceStub
from bench.cpu import cpu
from bench.features import Shoppers
from bench.redis_server import redis_at
from shared.config import load
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import delete_topics, make_topics
from shared.events.log import USER_EVENTS, NewRecord
from shared.features.keys import visitor_key
from shared.features.redis import RedisFeatureStore
from shared.features.visitor import state_of
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from shared.rpc.channels import connect as dial

PORT = 53055


@asynccontextmanager
async def worker(kafka: KafkaConfig, redis_url: str) -> AsyncIterator[Any]:
    """A worker's process, whose progress can be read."""
    environ = {"AISLE_KAFKA_ADDRESS": kafka.address, "AISLE_KAFKA_TOPIC_PREFIX": kafka.topic_prefix}
    environ |= {"AISLE_REDIS_URL": redis_url, "AISLE_FEEDBACK_PORT": str(PORT)}
    command = [sys.executable, "-m", "services.feedback"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL) as process:
        async with dial(f"127.0.0.1:{PORT}") as channel:
            yield FeedbackServiceStub(channel)
        process.terminate()


async def progress(stub: Any) -> GetProgressResponse:
    answer: GetProgressResponse = await stub.GetProgress(GetProgressRequest(), wait_for_ready=True)
    return answer


async def backlog(stub: Any, count: int) -> float:
    """Records a second, from the first that is applied to the last."""
    while not (first := (await progress(stub)).applied_count):
        await asyncio.sleep(0.01)
    start = time.perf_counter()
    while (await progress(stub)).applied_count < count:
        await asyncio.sleep(0.05)
    return (count - first) / (time.perf_counter() - start)


def peer(kafka: KafkaConfig, count: int) -> float:
    """The records a second that a plain consumer of a group reads, from the first to the last."""
    consumer = KafkaConsumer(
        kafka.topic_prefix + USER_EVENTS,
        bootstrap_servers=kafka.address,
        group_id=f"{kafka.topic_prefix}peer",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    first = read = _polled(consumer)
    start = time.perf_counter()
    while read < count:
        read += _polled(consumer)
    rate = (read - first) / (time.perf_counter() - start)
    consumer.close(autocommit=False)
    return rate


def _polled(consumer: Any) -> int:
    """The number of records, once some arrive."""
    while not (polled := consumer.poll(500, max_records=500)):
        continue
    return sum(len(each) for each in polled.values())


async def steady(log: KafkaEventLog, store: RedisFeatureStore, rate: int, seconds: float) -> list[float]:
    """Milliseconds from sending to seeing, of every tenth event."""
    tasks = []
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(_send(log, store, number, watched=number % 10 == 0)))
    return [taken for taken in await asyncio.gather(*tasks) if taken]


async def _send(log: KafkaEventLog, store: RedisFeatureStore, number: int, watched: bool) -> float:
    """A click of a new visitor. 0 if its arrival is not measured."""
    start = time.perf_counter()
    visitor = 1_000_000 + number
    record = Shoppers()._event(time.time(), "click", number % 5_000, number % 2_000, visitor)
    await log.append(USER_EVENTS, [NewRecord(record.key, record.value, f"steady-{number}")])
    while watched and not state_of((await store.values([visitor_key(record.key)]))[0]).recent:
        await asyncio.sleep(0.002)
    return (time.perf_counter() - start) * 1000 if watched else 0.0


async def measure(kafka: KafkaConfig, redis_url: str, count: int, rate: int, seconds: float) -> None:
    """Backlog, peer, steady state."""
    log = KafkaEventLog(kafka)
    store = RedisFeatureStore(connect(RedisConfig(redis_url)))
    shoppers = Shoppers()
    for _ in range(count // 1_000):
        await log.append(USER_EVENTS, [NewRecord(r.key, r.value, r.event_id) for r in shoppers.events(1_000)])
    async with worker(kafka, redis_url) as stub:
        ours = await backlog(stub, count)
        theirs = await asyncio.to_thread(peer, kafka, count)
        taken = await steady(log, store, rate, seconds)
        sent = int(rate * seconds)
        until = time.monotonic() + 10
        while (said := await progress(stub)).applied_count < count + sent and time.monotonic() < until:
            await asyncio.sleep(0.05)
    p50, p99 = np.percentile(taken, [50, 99])
    print("| what | |\n| --- | --- |")
    print(f"| backlog of {count:,} events: the worker, events a second | {ours:,.0f} |")
    print(f"| peer: a plain KafkaConsumer reads them and does nothing | {theirs:,.0f} |")
    waits = f"{p50:.0f} / {p99:.0f} / {max(taken):.0f}"
    print(f"| {rate} events a second for {seconds:g} s: sent to seen, ms, p50 / p99 / longest | {waits} |")
    counts = f"{said.applied_count:,} / {said.duplicate_count} / {said.dead_letter_count}"
    print(f"| of {count + sent:,}: applied / told twice / unreadable | {counts} |")
    await log.close()
    await store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="of the backlog")
    parser.add_argument("--rate", type=int, default=200, help="events a second of the steady state")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    kafka = replace(load(KafkaConfig), topic_prefix=f"bench-{uuid.uuid4().hex[:8]}.")
    if not kafka.address:
        raise SystemExit("AISLE_KAFKA_ADDRESS is not set; `make services` starts a broker and says where")
    print(cpu())
    make_topics(kafka)
    try:
        with redis_at("") as address:
            asyncio.run(
                measure(kafka, f"redis://{address}", arguments.events, arguments.rate, arguments.seconds)
            )
    finally:
        delete_topics(kafka)


if __name__ == "__main__":
    main()
