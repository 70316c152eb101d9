"""The real servers of tests, started by deploy/services."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.events.kafka.config import KafkaConfig

SERVICES = Path(__file__).resolve().parents[1] / "deploy" / "services"


def services(
    command: str, *arguments: object, check: bool = True, environ: dict[str, str] | None = None
) -> Any:
    """The report of deploy/services: for each server its address, pid, and whether it answers."""
    line = [sys.executable, str(SERVICES), command, "--json", *map(str, arguments)]
    finished = subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=environ,
    )
    if check and finished.returncode:
        raise RuntimeError(finished.stderr)
    return json.loads(finished.stdout)


def fresh_topics(address: str) -> KafkaConfig:
    """Topics that no other test has."""
    # Imported late, because unit tests do not need the library
    from shared.events.kafka.topic_maker import make_topics

    config = KafkaConfig(address, topic_prefix=f"test-{uuid.uuid4().hex[:12]}.")
    make_topics(config)
    return config


@contextmanager
def own_topics(address: str) -> Iterator[KafkaConfig]:
    """Topics of one test's own, which are deleted at its end."""
    from shared.events.kafka.topic_maker import delete_topics

    # A busy machine must not count as an outage
    config = replace(fresh_topics(address), away_ms=10_000)
    try:
        yield config
    finally:
        delete_topics(config)


class OwnServer:
    """A server for one test, which it may stop, kill and suspend."""

    def __init__(self, name: str, state: Path, **environ: str) -> None:
        """`name` is kafka or redis. `environ` is what deploy/services reads beside."""
        self.name = name
        self._state = state
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith("AISLE_TEST_")
        } | environ
        self.address = ""
        self.pid = 0

    def start(self) -> None:
        """Start or resume it, and wait until it answers."""
        if self.pid:
            self.signal(signal.SIGCONT)
        server = self._services("start")
        self.address = server["address"]
        self.pid = server["pid"]

    def stop(self) -> None:
        self._services("stop")
        self.pid = 0

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.pid = 0

    def hold_up(self) -> None:
        """Suspend it, so that it stays but answers nothing."""
        self.signal(signal.SIGSTOP)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _services(self, command: str) -> Any:
        return services(command, self.name, "--state", self._state, environ=self._environ)[self.name]


class Broker(OwnServer):
    """A Kafka broker."""

    def __init__(self, state: Path) -> None:
        super().__init__("kafka", state)
