"""The smoke test itself, against a real engine.

It must pass if all parts work, and fail if one is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cli.standalone_process import running_engine
from tests.integration.redis_server import free_port


def smoke(address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.smoke", "--address", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_an_engine_with_a_catalogue_passes(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed / "snapshots", tmp_path / "snapshots")
    with running_engine(tmp_path) as address:
        # The first run must leave nothing that fails the second
        first = smoke(address)
        second = smoke(address)
    for finished in (first, second):
        assert finished.returncode == 0, finished.stderr
        steps = [line.split()[0] for line in finished.stdout.splitlines()]
        assert steps == ["status", "search", "upsert", "event", "recommend", "delete"]


def test_an_engine_without_products_does_not(tmp_path: Path) -> None:
    with running_engine(tmp_path) as address:
        finished = smoke(address)
    assert finished.returncode == 1
    assert "nothing is found for" in finished.stderr
    assert "aisle load" in finished.stderr


def test_nobody_at_the_address_is_told_in_one_line() -> None:
    finished = smoke(f"127.0.0.1:{free_port()}")
    assert finished.returncode == 1
    assert finished.stderr.startswith("smoke: no engine answers at 127.0.0.1:")
    assert finished.stderr.count("\n") == 1
