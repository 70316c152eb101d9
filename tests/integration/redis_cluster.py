"""A real Redis Cluster of three nodes for tests."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.integration.redis_server import free_port, redis_server


@contextmanager
def redis_cluster(folder: Path) -> Iterator[str]:
    """HOST:PORT of one of its nodes."""
    with ExitStack() as stack:
        ports = [_node(stack, folder) for _ in range(3)]
        nodes = [f"127.0.0.1:{port}" for port in ports]
        subprocess.run(
            ["redis-cli", "--cluster", "create", *nodes, "--cluster-yes"],
            check=True,
            capture_output=True,
        )
        _wait(ports)
        yield nodes[0]


def _node(stack: ExitStack, folder: Path) -> int:
    while (port := free_port()) > 55_000:  # the bus between nodes is 10,000 above
        continue
    home = folder / str(port)
    home.mkdir()
    stack.enter_context(redis_server(home, port, "--cluster-enabled", "yes"))
    return port


def _wait(ports: list[int]) -> None:
    """Wait until every node knows all others."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        states = [
            subprocess.run(["redis-cli", "-p", str(port), "cluster", "info"], capture_output=True)
            for port in ports
        ]
        if all(b"cluster_state:ok" in state.stdout for state in states):
            return
        time.sleep(0.1)
    raise AssertionError("the cluster does not come up")
