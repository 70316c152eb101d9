"""A Redis for a run."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.free_port import free_port


@contextmanager
def redis_at(address: str) -> Iterator[str]:
    """The given address, or that of a server of our own, with an append-only file."""
    if address:
        yield address
        return
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed; install it, or name a server with --redis")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [program, "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "yes"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            time.sleep(1)
            try:
                yield f"127.0.0.1:{port}"
            finally:
                process.terminate()
