"""All services of one data folder as processes of this machine, each with some replicas."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.errors import Unavailable

PACKAGES = {
    "indexing": "services.embedding.indexing",
    "embedding": "services.embedding",
    "retrieval": "services.retrieval",
    "reranker": "services.reranker",
    "feedback": "services.feedback",
    "gateway": "services.gateway",
}
_BEHIND = tuple(name for name in PACKAGES if name != "gateway")
_STOP_SECONDS = 20.0


class ServiceProcesses:
    """Processes by name:

    `gateway`, `retrieval-1`, `retrieval-2` and so on; all are killed when the block ends.
    """

    def __init__(
        self,
        data: Path,
        folder: Path,
        settings: Mapping[str, str],
        replicas: Mapping[str, int] | None = None,
    ) -> None:
        """`settings` name Kafka and Redis, and replace other defaults.

        `folder` receives the logs of the processes. `replicas` is the number of processes of a
        service, 1 by default.
        """
        self._data = data
        self._folder = folder
        self._settings = dict(settings)
        counts = replicas or {}
        self.names = [
            f"{service}-{number}" if counts.get(service, 1) > 1 else service
            for service in PACKAGES
            for number in range(1, counts.get(service, 1) + 1)
        ]
        self.ports = dict(zip(self.names, _free_ports(len(self.names)), strict=True))
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()

    @property
    def gateway(self) -> str:
        """The address of the gateway, or of all of them, in the form that gRPC's clients expect."""
        return "ipv4:" + ",".join(map(self.address, self.of("gateway")))

    def address(self, name: str) -> str:
        """HOST:PORT of a process."""
        return f"127.0.0.1:{self.ports[name]}"

    def of(self, service: str) -> list[str]:
        """Names of a service's processes."""
        return [name for name in self.names if name.partition("-")[0] == service]

    def start(self, *names: str) -> None:
        """Start processes, all without names; they are not ready on return."""
        for name in names or self.names:
            with (self._folder / f"{name}.log").open("ab") as log:
                command = [sys.executable, "-m", PACKAGES[name.partition("-")[0]]]
                self.running[name] = subprocess.Popen(
                    command, env=self._environ(name), stdout=log, stderr=log
                )

    def _environ(self, name: str) -> dict[str, str]:
        service = name.partition("-")[0].upper()
        settings = {f"AISLE_{service}_PORT": str(self.ports[name])}
        for each in _BEHIND:
            settings[f"AISLE_{each.upper()}_DATA"] = str(self._data)
            settings[f"AISLE_GATEWAY_{each.upper()}_ADDRESS"] = ",".join(map(self.address, self.of(each)))
        settings["AISLE_GATEWAY_SECRET_PATH"] = str(self._folder / "secret")
        settings["AISLE_GATEWAY_SPOOL_PATH"] = str(self._folder / f"{name}-spool")
        settings["AISLE_RETRIEVAL_SCRATCH"] = str(self._folder / "scratch")
        return {**os.environ, **settings, **self._settings}

    def signal(self, number: signal.Signals, *names: str) -> None:
        """Send a signal to a process. A killed one has ended on return."""
        for name in names:
            self.running[name].send_signal(number)
            if number == signal.SIGKILL:
                self.running[name].wait()

    def stop(self, *names: str) -> None:
        """Ask processes to end, all without names, and wait.

        Raises Unavailable if one fails.
        """
        for name in names or list(self.running):
            self.running[name].send_signal(signal.SIGTERM)
        for name in names or list(self.running):
            if code := self.running.pop(name).wait(_STOP_SECONDS):
                raise Unavailable(f"{name} ended with {code}: {self.output(name)}")

    def until_serving(self, *names: str, seconds: float = 120.0) -> None:
        """Return once the processes, all without names, are healthy.

        Raises Unavailable if the time is up or one ends.
        """
        until = time.monotonic() + seconds
        for name in names or list(self.running):
            with grpc.insecure_channel(self.address(name)) as channel:
                while not _serving(health_pb2_grpc.HealthStub(channel)):
                    if time.monotonic() > until or self.running[name].poll() is not None:
                        raise Unavailable(f"{name} is not ready: {self.output(name)}")
                    time.sleep(0.05)

    def output(self, name: str) -> str:
        """The end of a process's output."""
        return (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2_000:]


def _serving(health: health_pb2_grpc.HealthStub) -> bool:
    try:
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=2)
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _free_ports(count: int) -> list[int]:
    """Different free ports. Each stays bound until all are found."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
