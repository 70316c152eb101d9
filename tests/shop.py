"""A whole shop as processes over a Kafka and a Redis of its own, each of which can be killed and
started again.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.topic_maker import make_topics
from shared.redis.config import RedisConfig
from tests.servers import OwnServer
from tests.service_processes import ServiceProcesses

STEADY = {  # the same numbers on every start, however busy the machine
    "AISLE_EMBEDDING_ENGINE": "onnxruntime-fp32",
    "AISLE_EMBEDDING_PRODUCT_ENGINE": "onnxruntime-fp32",
    "AISLE_RERANKER_PRECISION": "fp32",
    "AISLE_RERANKER_FEATURES_MS": "5000",
}
# Small engines without a trial, and long timeouts, for a machine that is busy with kills and
# starts
QUICK = {
    "AISLE_EMBEDDING_ENGINE": "onnxruntime-int8",
    "AISLE_EMBEDDING_PRODUCT_ENGINE": "onnxruntime-fp32",
    "AISLE_RERANKER_PRECISION": "int8",
    "AISLE_RERANKER_FEATURES_MS": "100",
}
# Small snapshots, made often
SMALL_SNAPSHOTS = {
    "AISLE_INDEXING_LEAST_RECORDS": "300",
    "AISLE_INDEXING_SHARE_OF_PRODUCTS": "0.01",
}
REPLICAS = {"gateway": 2, "retrieval": 2, "reranker": 2}


@dataclass
class Shop:
    """Servers and services by name: `kafka`, `redis`, `retrieval-1` and so on."""

    servers: Mapping[str, OwnServer]
    processes: ServiceProcesses
    data: Path

    @property
    def names(self) -> list[str]:
        """The names of all processes that can be killed."""
        return [*self.processes.names, *self.servers]

    @property
    def kafka(self) -> KafkaConfig:
        return KafkaConfig(self.servers["kafka"].address)

    @property
    def redis(self) -> RedisConfig:
        return RedisConfig(f"redis://{self.servers['redis'].address}")

    def kill(self, name: str) -> None:
        """Send SIGKILL to one process, or to all of a service. They have ended on return."""
        if name in self.servers:
            self.servers[name].kill()
        else:
            self.processes.signal(signal.SIGKILL, *self._processes(name))

    def hold_up(self, name: str) -> None:
        """Send SIGSTOP, so that the process answers nothing until it is started again."""
        if name in self.servers:
            self.servers[name].hold_up()
        else:
            self.processes.signal(signal.SIGSTOP, *self._processes(name))

    def start(self, name: str) -> None:
        """Start or resume a process, or a service, and return once it serves."""
        if name in self.servers:
            self.servers[name].start()
            return
        names = self._processes(name)
        for each in names:
            if self.processes.running[each].poll() is None:
                self.processes.signal(signal.SIGCONT, each)
            else:
                self.processes.start(each)
        self.processes.until_serving(*names)

    def _processes(self, name: str) -> list[str]:
        return [name] if name in self.processes.names else self.processes.of(name)


@contextmanager
def running_shop(
    data: Path,
    folder: Path,
    replicas: Mapping[str, int] = REPLICAS,
    settings: Mapping[str, str] = QUICK,
) -> Iterator[Shop]:
    """Serve DATA. All other files go to `folder`.

    All processes end with the block.
    """
    servers = {name: OwnServer(name, folder / "servers") for name in ("kafka", "redis")}
    try:
        for server in servers.values():
            server.start()
        addresses = {
            "AISLE_KAFKA_ADDRESS": servers["kafka"].address,
            "AISLE_REDIS_URL": f"redis://{servers['redis'].address}",
        }
        make_topics(KafkaConfig(servers["kafka"].address))
        with ServiceProcesses(data, folder / "processes", {**addresses, **settings}, replicas) as processes:
            processes.start()
            processes.until_serving(seconds=300)
            yield Shop(servers, processes, data)
    finally:
        for server in servers.values():
            server.start()  # a suspended process does not stop
            server.stop()
