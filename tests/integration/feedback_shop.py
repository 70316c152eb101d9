"""A log on Kafka, a Redis of its own, feedback workers as processes, and the actions so far."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import SEARCH_LOGS, USER_EVENTS
from shared.features.page import StoredPage, read_page
from shared.features.redis import RedisFeatureStore
from shared.features.scope import PageRequest
from shared.redis.client import connect
from shared.redis.config import RedisConfig
from tests.integration.redis_server import free_port
from tests.unit.feedback.observations import event, page

PRODUCTS = tuple(f"p{number}" for number in range(20))


@dataclass
class FeedbackShop:
    kafka: KafkaConfig
    log: KafkaEventLog
    folder: Path  # of Redis
    redis_port: int
    store: RedisFeatureStore
    bought: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}"

    @property
    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "AISLE_KAFKA_ADDRESS": self.kafka.address,
            "AISLE_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "AISLE_REDIS_URL": self.redis_url,
        }

    @contextmanager
    def worker(self, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
        """A worker's process; it is asked to end when the block does."""
        environ = {
            **self.environ,
            "AISLE_FEEDBACK_PORT": str(port or free_port()),
            "AISLE_FEEDBACK_BATCH_RECORDS": "50",
        }
        with subprocess.Popen([sys.executable, "-m", "services.feedback"], env=environ) as process:
            try:
                yield process
            finally:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                process.kill()

    async def buy(self, count: int) -> None:
        """Append purchases that a search led to.

        Another gateway, which does not know of them, sends some of them again.
        """
        records = []
        for _ in range(count):
            product = PRODUCTS[self.sent % len(PRODUCTS)]
            visitor = f"v{self.sent}"
            records.append(
                event(
                    "purchase",
                    product,
                    visitor_id=visitor,
                    event_id=f"e{self.sent}",
                    query="kettle",
                )
            )
            self.bought[product] += 1
            self.sent += 1
        await self.log.append(USER_EVENTS, records)
        other = KafkaEventLog(self.kafka)
        await other.append(USER_EVENTS, records[::3])
        await other.close()

    async def show(self, count: int) -> None:
        """Append pages of two products each."""
        await self.log.append(
            SEARCH_LOGS,
            [page("p1", "p2", visitor_id=f"v{n % 7}", query="kettle") for n in range(count)],
        )

    async def page(self, visitor_id: str = "v1") -> StoredPage:
        return await read_page(self.store, PageRequest(PRODUCTS, "Kettle", visitor_id), time.time())

    async def counted(self) -> Counter[str]:
        """Purchases as the ranker sees them: equal counts by product and under the query."""
        columns = (await self.page()).columns(least_visitors=1)
        total = columns["product_purchases_total"].tolist()
        under_query = columns["query_purchases_30d"].tolist()
        found = Counter({each: round(math.expm1(n)) for each, n in zip(PRODUCTS, total, strict=True) if n})
        assert [round(math.expm1(n)) for n in under_query] == [found[each] for each in PRODUCTS]
        return found

    async def until_counted(self, seconds: float = 60) -> None:
        """Return once all purchases are counted. Fails if more are counted at any time."""
        until = time.monotonic() + seconds
        while (found := await self.counted()) != self.bought:
            assert found <= self.bought, "something was counted twice"
            assert time.monotonic() < until, (found, self.bought)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def feedback_shop(kafka: KafkaConfig, folder: Path) -> AsyncIterator[FeedbackShop]:
    """A shop whose Redis is not running yet."""
    port = free_port()
    log = KafkaEventLog(kafka)
    store = RedisFeatureStore(connect(RedisConfig(f"redis://127.0.0.1:{port}")))
    try:
        yield FeedbackShop(kafka, log, folder, port, store)
    finally:
        await log.close()
        await store.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
