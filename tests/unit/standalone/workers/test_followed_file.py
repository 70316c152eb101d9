"""A page worker reads the log that the first process writes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.standalone.workers.followed_file import FollowedFile
from shared.errors import Unavailable
from shared.events.log import CATALOG, VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog


@pytest.fixture
async def written(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    yield log
    await log.close()


@pytest.fixture
async def followed(written: SqliteEventLog, tmp_path: Path) -> AsyncIterator[FollowedFile]:
    log = FollowedFile(tmp_path / "log.sqlite")
    yield log
    await log.close()


async def test_it_reads_what_is_written(written: SqliteEventLog, followed: FollowedFile) -> None:
    assert await followed.end_offset(CATALOG) == 0 and await followed.read(CATALOG, 0) == []
    await written.append(CATALOG, [NewRecord("a", b"1"), NewRecord("b", None)])
    assert await followed.end_offset(CATALOG) == 2
    assert [(record.key, record.value) for record in await followed.read(CATALOG, 0)] == [
        ("a", b"1"),
        ("b", None),
    ]
    assert [record.key for record in await followed.read(CATALOG, 1, 1)] == ["b"]
    assert await followed.trimmed_through(CATALOG) == 0 and followed.waiting_for == ""


async def test_it_waits_for_a_record(written: SqliteEventLog, followed: FollowedFile) -> None:
    assert not await followed.wait(VECTORS, 0, 0.01)
    waiting = asyncio.create_task(followed.wait(VECTORS, 0, 60))
    await asyncio.sleep(0.01)
    await written.append(VECTORS, [NewRecord("a", b"1")])
    assert await waiting


async def test_it_does_not_write(followed: FollowedFile) -> None:
    with pytest.raises(Unavailable):
        await followed.append(CATALOG, [NewRecord("a", b"1")])
    with pytest.raises(Unavailable):
        await followed.consumer([CATALOG])
