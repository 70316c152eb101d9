"""Events through the log on Kafka, beside kafka-python's own loops: python -m bench.events.

Writes Markdown tables. All write the same events with the same settings (acks=all, idempotent, the
same batches and compression), in turns. Each figure is the best of the rounds. A core's second is
one of this process; the broker's are its own.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import quantiles

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.benchmarks.producer_performance import ProducerPerformance, get_args_parser

from bench.log_records import click_records, product_records
from shared.events.kafka.config import COMPRESSIONS, KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import delete_topics, make_topics
from shared.events.log import CATALOG, DEAD_LETTERS, USER_EVENTS, EventLog, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.inference.cpu import read_cpu

SERVICES = Path(__file__).resolve().parents[1] / "deploy" / "services"
SEND_LOOP = "kafka-python: send() in a loop"
OWN_BENCHMARK = "kafka-python's own benchmark (kafka.benchmarks.producer_performance)"
# Runs, and returns the number of records
Run = Callable[[Sequence[NewRecord]], Awaitable[int]]


@dataclass
class Speed:
    """The best figures of one way."""

    per_second: float = 0.0
    per_core_second: float = 0.0

    def take(self, count: int, seconds: float, core_seconds: float) -> None:
        self.per_second = max(self.per_second, count / seconds)
        self.per_core_second = max(self.per_core_second, count / core_seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--address",
        default="",
        help="a broker; default: the one of deploy/services",
    )
    parser.add_argument("--events", type=int, default=15_000, help="in each round of each way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compression", default="lz4", choices=COMPRESSIONS)
    arguments = parser.parse_args()
    address = arguments.address or _services()
    config = KafkaConfig(
        address,
        topic_prefix=f"bench-{time.time_ns()}.",
        compression=arguments.compression,
    )
    make_topics(config)
    try:
        asyncio.run(_measure(config, arguments.events, arguments.rounds))
    finally:
        delete_topics(config)


def _services() -> str:
    command = [sys.executable, str(SERVICES), "start", "kafka", "--json"]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    return str(json.loads(answer)["kafka"]["address"])


def _ways(config: KafkaConfig, log: EventLog, file: EventLog) -> dict[str, Run]:
    """The ways to write records, by their names in the table."""
    return {
        SEND_LOOP: lambda records: asyncio.to_thread(send_loop, config, records),
        OWN_BENCHMARK: lambda records: asyncio.to_thread(own_benchmark, config, records),
        "append, 500 events each, 8 callers": lambda records: _append(log, records, 500, 8),
        "append, 1 event each, 256 callers": lambda records: _append(log, records, 1, 256),
        "append to one partition, 500 products each, 8 callers": lambda records: _append(
            log, records, 500, 8, CATALOG
        ),
        "to the spool, 500 events each, 8 callers": lambda records: _append(file, records, 500, 8),
    }


async def _measure(config: KafkaConfig, count: int, rounds: int) -> None:
    cpu = read_cpu()
    log = KafkaEventLog(config)
    with tempfile.TemporaryDirectory() as folder:
        file = SqliteEventLog(Path(folder) / "spool.sqlite")
        ways = _ways(config, log, file)
        speeds = {name: Speed() for name in ways}
        for turn in range(rounds):
            for index, (name, run) in enumerate(ways.items()):
                if "products" in name:
                    records = product_records(count)
                else:
                    records = click_records(count, f"{turn}-{index}")
                await _timed(speeds[name], run, records)
        latencies_ms = await _latencies_ms(log)
        await file.close()
    records_of_both = (click_records(1, "x"), product_records(1))
    sizes = [len(records[0].value or b"") for records in records_of_both]
    print(f"{cpu.name}, {cpu.cores} cores; events of {sizes[0]} bytes, products of {sizes[1]}\n")
    print_speeds("durable events", speeds)
    print(f"\nOne append at a time: p50 {latencies_ms[49]:.1f} ms, p99 {latencies_ms[98]:.1f} ms"
          f" ({config.linger_ms} ms of it wait for others)\n")  # fmt: skip
    print_speeds("records read", await _read(config, log, rounds))
    await log.close()


async def _timed(speed: Speed, run: Run, records: Sequence[NewRecord]) -> None:
    began, core_began = time.perf_counter(), time.process_time()
    count = await run(records)
    speed.take(count, time.perf_counter() - began, time.process_time() - core_began)


def send_loop(config: KafkaConfig, records: Sequence[NewRecord]) -> int:
    producer = KafkaProducer(
        bootstrap_servers=config.address,
        acks="all",
        enable_idempotence=True,
        linger_ms=config.linger_ms,
        batch_size=config.batch_bytes,
        compression_type=None if config.compression == "none" else config.compression,
        metrics_enabled=False,
    )
    topic = config.topic_prefix + USER_EVENTS
    futures = []
    for record in records:
        headers = [("event_id", (record.event_id or "").encode())]
        futures.append(producer.send(topic, record.value, record.key.encode(), headers))
    producer.flush()
    producer.close()
    assert all(future.succeeded() for future in futures)
    return len(futures)


def own_benchmark(config: KafkaConfig, records: Sequence[NewRecord]) -> int:
    """As many records of the same size, all of them zeros without a key, to a topic without
    readers.
    """
    settings = [
        *(
            "acks=all",
            "enable_idempotence=True",
            f"linger_ms={config.linger_ms}",
            f"batch_size={config.batch_bytes}",
        ),
        f"compression_type={'None' if config.compression == 'none' else config.compression}",
    ]
    size = len(records[0].value or b"")
    line = ["--bootstrap-servers", config.address, "--topic", config.topic_prefix + DEAD_LETTERS]
    line += ["--num-records", str(len(records)), "--record-size", str(size), "--producer-config", *settings]
    with redirect_stdout(StringIO()) as said:
        ProducerPerformance.run(get_args_parser().parse_args(line))
    # In the benchmark's spelling
    assert f"{len(records)} suceeded, 0 failed" in said.getvalue(), said.getvalue()
    return len(records)


async def _append(
    log: EventLog, records: Sequence[NewRecord], batch: int, callers: int, topic: str = USER_EVENTS
) -> int:
    batches = [records[start : start + batch] for start in range(0, len(records), batch)]

    async def caller(number: int) -> int:
        return sum([len(await log.append(topic, each)) for each in batches[number::callers]])

    return sum(await asyncio.gather(*map(caller, range(callers))))


async def _latencies_ms(log: EventLog) -> list[float]:
    times = []
    for record in click_records(300, "latency"):
        began = time.perf_counter()
        await log.append(USER_EVENTS, [record])
        times.append(1000 * (time.perf_counter() - began))
    return quantiles(times, n=100)


async def _read(config: KafkaConfig, log: KafkaEventLog, rounds: int) -> dict[str, Speed]:
    """Read everything from the start, with both consumers."""
    ways: dict[str, Run] = {
        "kafka-python: poll() in a loop": lambda _: asyncio.to_thread(_poll_loop, config),
        "poll of the port": lambda _: _poll(log),
    }
    speeds = {name: Speed() for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            await _timed(speeds[name], run, ())
    return speeds


def _poll_loop(config: KafkaConfig) -> int:
    consumer = KafkaConsumer(
        bootstrap_servers=config.address, enable_auto_commit=False, metrics_enabled=False
    )
    topic = config.topic_prefix + USER_EVENTS
    places = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    total = sum(consumer.end_offsets(places).values())
    count = 0
    while count < total:
        count += sum(map(len, consumer.poll(1_000, max_records=1_000).values()))
    consumer.close()
    return count


async def _poll(log: KafkaEventLog) -> int:
    consumer = await log.consumer([USER_EVENTS])
    count = 0
    while records := await consumer.poll(0.5):
        count += len(records)
    await consumer.close()
    return count


def print_speeds(title: str, speeds: dict[str, Speed]) -> None:
    """Print a table. The others are compared with the first way."""
    peer = next(iter(speeds.values()))
    print(
        f"| {title} | a second | a core's second | times the peer, "
        "a second | times the peer, a core's second |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, speed in speeds.items():
        ratios = speed.per_second / peer.per_second, speed.per_core_second / peer.per_core_second
        print(
            f"| {name} | {speed.per_second:,.0f} | {speed.per_core_second:,.0f} "
            f"| {ratios[0]:.2f} | {ratios[1]:.2f} |"
        )


if __name__ == "__main__":
    main()
