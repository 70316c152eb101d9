"""deploy/services, with the server that starts fastest."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.servers import services


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AISLE_TEST_REDIS", "AISLE_SERVICES_REDIS_PORT"):
        monkeypatch.delenv(name, raising=False)


def redis(command: str, state: Path, check: bool = True) -> Any:
    return services(command, "redis", "--state", state, check=check)["redis"]


def test_a_server_is_started_once_found_again_and_stopped(environ: None, tmp_path: Path) -> None:
    assert not redis("status", tmp_path, check=False)["answers"]
    started = redis("start", tmp_path)
    assert started["answers"] and started["pid"]
    assert redis("start", tmp_path) == redis("status", tmp_path) == started
    assert redis("stop", tmp_path) == {"address": started["address"], "answers": False, "pid": None}
    assert redis("stop", tmp_path)["pid"] is None


def test_a_killed_server_comes_back_at_the_same_address(environ: None, tmp_path: Path) -> None:
    started = redis("start", tmp_path)
    os.kill(started["pid"], signal.SIGKILL)
    again = redis("start", tmp_path)
    assert again["address"] == started["address"] and again["pid"] != started["pid"]
    redis("stop", tmp_path)


def test_a_server_that_is_there_already_is_used_and_left_alone(
    environ: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = redis("start", tmp_path / "one")
    monkeypatch.setenv("AISLE_TEST_REDIS", started["address"])
    assert redis("start", tmp_path / "other") == {
        "address": started["address"],
        "answers": True,
        "pid": None,
    }
    redis("stop", tmp_path / "other")
    assert redis("status", tmp_path / "other")["answers"]
    monkeypatch.delenv("AISLE_TEST_REDIS")
    redis("stop", tmp_path / "one")


def test_a_server_that_should_be_there_and_is_not_is_named(
    environ: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AISLE_TEST_REDIS", address)
    with pytest.raises(RuntimeError, match=f"AISLE_TEST_REDIS={address}: nothing answers there"):
        redis("start", tmp_path)
