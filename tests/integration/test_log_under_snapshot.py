"""An older log put back under a newer snapshot.

All programs that open the folder refuse it until it is accepted.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.files.indexed import index_file
from services.embedding.indexing.accepting import check_log
from services.standalone.standalone import Standalone
from shared.artifacts import current
from shared.errors import LogBehind
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.log import CATALOG, NewRecord
from shared.snapshot.generation import Positions, current_generation, snapshots_of
from tests.integration.engine_writes import found, remove, upsert

_LONG_SECONDS = 120


def aisle(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.app", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONG_SECONDS,
    )


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", "hash")
    path = tmp_path / "catalog.jsonl"
    path.write_text(json.dumps({"id": "p1", "title": "Kettle"}))
    return path


@pytest.fixture
async def data(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot that contains some writes, with the log as it was after the first of them."""
    data = tmp_path / "shop"
    index_file(file, data)
    async with Standalone.open(data) as engine:
        await found(engine, "lamp", await upsert(engine, "old", "An old lamp"))
    shutil.copytree(data, tmp_path / "backup")
    monkeypatch.setenv("AISLE_INDEXING_LEAST_RECORDS", "1")
    monkeypatch.setenv("AISLE_INDEXING_SHARE_OF_PRODUCTS", "0")
    async with Standalone.open(data) as engine:
        async with asyncio.timeout(_LONG_SECONDS):
            while _positions(data).catalog < 4:  # one write alone is not worth a snapshot
                await upsert(engine, "new", "A newer lamp")
                await asyncio.sleep(0.1)
    monkeypatch.delenv("AISLE_INDEXING_LEAST_RECORDS")
    for path in data.glob("log.sqlite*"):
        path.unlink()
    shutil.copyfile(tmp_path / "backup" / "log.sqlite", data / "log.sqlite")
    return data


def _positions(data: Path) -> Positions:
    base = current_generation(data, verify=False)
    assert base
    return base.positions


async def test_every_command_refuses_with_the_positions_and_the_way_out(data: Path, file: Path) -> None:
    for command in (("serve", "--port", 0), ("index", file)):
        finished = aisle(*command, "--data", data)
        assert finished.returncode == 1
        assert (
            f"aisle.catalog up to position {_positions(data).catalog}, but the log ends at 1"
            in finished.stderr
        )
        assert "--accept-log" in finished.stderr and "Traceback" not in finished.stderr


async def test_what_is_written_after_the_log_was_accepted_is_shown_and_stays_accepted(
    data: Path,
) -> None:
    with pytest.raises(LogBehind):
        async with Standalone.open(data):
            pass
    async with Standalone.open(data, accept_log=True) as engine:
        assert await found(engine, "shade", await upsert(engine, "late", "A late shade")) == "late"
        assert await found(engine, "old", await remove(engine, "old")) == ""
        assert (await engine.status()).product_count == 3
    async with Standalone.open(data) as engine:
        assert await found(engine, "shade") == "late"


async def test_a_file_is_indexed_over_a_log_that_is_accepted(data: Path, file: Path) -> None:
    finished = aisle("index", file, "--data", data, "--accept-log", "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["products"] == 3
    async with Standalone.open(data) as engine:
        assert await found(engine, "shade", await upsert(engine, "late", "A late shade")) == "late"


@pytest.mark.parametrize("lost", ["cut to nothing", "removed"])
async def test_a_log_lost_under_a_snapshot_that_contains_none_of_it_is_refused(
    file: Path, tmp_path: Path, lost: str
) -> None:
    data = tmp_path / "shop"
    index_file(file, data)
    async with Standalone.open(data) as engine:
        await found(engine, "lamp", await upsert(engine, "new", "A new lamp"))
    assert _positions(data) == Positions(0, 0)
    (data / "log.sqlite").unlink()
    if lost == "cut to nothing":
        (data / "log.sqlite").touch()
    for command in (("serve", "--port", 0), ("index", file)):
        finished = aisle(*command, "--data", data)
        assert finished.returncode == 1 and "Traceback" not in finished.stderr
        assert "aisle.catalog had come to position 1, but" in finished.stderr
        assert "log.sqlite ends at 0" in finished.stderr and "--accept-log" in finished.stderr
    async with Standalone.open(data, accept_log=True) as engine:
        assert await found(engine, "shade", await upsert(engine, "late", "A late shade")) == "late"
    async with Standalone.open(data) as engine:
        assert await found(engine, "shade") == "late"


async def test_topics_of_kafka_that_were_made_anew_are_refused_and_can_be_accepted(
    data: Path, kafka: KafkaConfig
) -> None:
    log = KafkaEventLog(kafka)
    try:
        with pytest.raises(LogBehind, match="but the log ends at 0"):
            await check_log(data, log)
        before = current(snapshots_of(data))
        await log.append(CATALOG, [NewRecord(str(number), b"") for number in range(3)])
        # The three were appended after the snapshot was made
        await check_log(data, log, accept=True)
        assert current(snapshots_of(data)) != before and _positions(data) == Positions(0, 0)
    finally:
        await log.close()


async def test_the_indexer_process_waits_until_it_may_accept(
    data: Path, kafka: KafkaConfig, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "AISLE_KAFKA_ADDRESS": kafka.address,
        "AISLE_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "AISLE_INDEXING_DATA": str(data),
        "AISLE_INDEXING_PORT": "0",
    }
    assert "the log ends at 0" in await _output_until(environment, tmp_path / "refused", "--accept-log")
    assert "takes the place of" in await _output_until(
        environment | {"AISLE_INDEXING_ACCEPT_LOG": "true"},
        tmp_path / "accepted",
        "takes the place of",
    )
    assert _positions(data) == Positions(0, 0)


async def _output_until(environment: dict[str, str], path: Path, words: str) -> str:
    """The output of the indexer process, up to some words."""
    with path.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.embedding.indexing"],
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            async with asyncio.timeout(_LONG_SECONDS):
                while words not in path.read_text():
                    await asyncio.sleep(0.1)
        finally:
            process.terminate()
            process.wait(_LONG_SECONDS)
    return path.read_text()
