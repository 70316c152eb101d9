"""An older, empty or foreign log under a newer snapshot is named, and accepted only when asked to."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.embedding.indexing.accepting import check_log, last_before
from services.embedding.indexing.snapshot_folder import only_one
from shared.artifacts import current, read_manifest
from shared.errors import LogBehind, Overloaded
from shared.events.log import CATALOG, VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.snapshot.generation import Positions, current_generation, snapshots_of
from tests.unit.embedding.indexing.indexing_shop import IndexingShop
from tests.unit.embedding.indexing.letter_encoder import generation_of, titled, titles_of

OLD = titled("old kettle")
NEWER = titled("newer teapot", "newest cup")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[IndexingShop]:
    """A snapshot that contains three writes, over a log that was put back from after the first of
    them.
    """
    path = tmp_path / "log.sqlite"
    kept = tmp_path / "kept.sqlite"
    log = SqliteEventLog(path)
    written = IndexingShop(tmp_path / "data", log)
    async with written.following():
        await written.until(await written.write(*OLD))
    await log.close()
    shutil.copyfile(path, kept)
    log = SqliteEventLog(path)
    written = IndexingShop(tmp_path / "data", log)
    async with written.following(least_records=1, share_of_products=0):
        await written.write(*NEWER)
        async with asyncio.timeout(20):
            while (
                made := current_generation(written.data, verify=False)
            ) is None or made.positions.catalog < 3:
                await asyncio.sleep(0.02)
    await log.close()
    kept.replace(path)
    log = SqliteEventLog(path)
    yield IndexingShop(tmp_path / "data", log)
    await log.close()


def compacted_through(shop: IndexingShop) -> int:
    """The catalogue's position in the current snapshot."""
    made = current_generation(shop.data, verify=False)
    return made.positions.catalog if made else 0


def titles_in(shop: IndexingShop) -> list[str]:
    return sorted(titles_of(shop.data))


async def test_an_older_log_is_refused_with_both_positions_and_the_way_out(
    shop: IndexingShop,
) -> None:
    with pytest.raises(
        LogBehind, match=r"aisle.catalog up to position 3, but the log ends at 1: .*--accept-log"
    ):
        await check_log(shop.data, shop.log)


async def test_an_indexer_over_an_older_log_does_not_follow_it(
    shop: IndexingShop, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop.following() as follower:
        while "the log ends at 1" not in caplog.text:
            await asyncio.sleep(0.01)
        assert not follower.ready.is_set()


async def test_what_is_written_after_a_log_is_accepted_is_shown(shop: IndexingShop) -> None:
    async with shop.following(accept_log=True) as follower:
        await follower.ready.wait()
        await shop.until(await shop.write(*titled("late lamp")))
    assert set(await shop.products()) == {"old", "new", "lat"}
    assert generation_of(shop.data).positions == Positions(1, 1)


async def test_what_was_acknowledged_before_a_log_is_accepted_is_shown_too(
    shop: IndexingShop,
) -> None:
    await shop.write(*titled("lost lamp"))
    async with shop.following(accept_log=True) as follower:
        await follower.ready.wait()
        await shop.until(await shop.write(*titled("late lamp")))
    assert {"los", "lat"} <= set(await shop.products())


async def test_an_accepted_snapshot_has_the_same_files_and_another_name(shop: IndexingShop) -> None:
    root = snapshots_of(shop.data)
    before = current(root)
    assert before
    products = titles_in(shop)
    await check_log(shop.data, shop.log, accept=True)
    after = current(root)
    assert after is not None and after > before
    assert titles_in(shop) == products  # read with every checksum verified
    assert read_manifest(root / after)["created"] == read_manifest(root / before)["created"]


async def test_an_empty_log_is_refused_and_can_be_accepted(shop: IndexingShop, tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "empty.sqlite")
    try:
        with pytest.raises(LogBehind, match="the log ends at 0"):
            await check_log(shop.data, log)
        await check_log(shop.data, log, accept=True)
        assert generation_of(shop.data).positions == Positions(0, 0)
        await check_log(shop.data, log)
    finally:
        await log.close()


async def test_a_log_that_reaches_as_far_as_the_snapshot_is_left_alone(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    written = IndexingShop(tmp_path / "data", log)
    await check_log(written.data, log)  # there is no snapshot yet
    async with written.following():
        await written.until(await written.write(*OLD))
    before = current(snapshots_of(written.data))
    await log.drop(CATALOG, 1)  # a log that was trimmed ends where it did
    await check_log(written.data, log, accept=True)
    assert current(snapshots_of(written.data)) == before
    await log.close()


async def test_no_log_is_accepted_while_an_indexer_is_at_work(shop: IndexingShop) -> None:
    with only_one(snapshots_of(shop.data)), pytest.raises(Overloaded):
        await check_log(shop.data, shop.log, accept=True)


@pytest.mark.parametrize("newer", range(6))
async def test_the_last_record_before_a_time_is_found(tmp_path: Path, newer: int) -> None:
    """Among five offsets, of which compaction has taken the third."""
    log = SqliteEventLog(tmp_path / "log.sqlite")
    now = time.time()
    await log.append(VECTORS, [NewRecord(key, b"") for key in ("a", "b", "gone", "d", "e")])
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        connection.execute(f'DELETE FROM "{VECTORS}" WHERE offset = 3')
        connection.execute(f'UPDATE "{VECTORS}" SET time = ? WHERE offset > ?', (now + 100, 5 - newer))
    connection.close()
    expected = {0: 5, 1: 4, 2: 2, 3: 2, 4: 1, 5: 0}[newer]
    assert await last_before(log, VECTORS, now + 50) == expected
    assert await last_before(log, CATALOG, now) == 0
    await log.close()
