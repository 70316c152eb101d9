import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from shared.errors import Corrupt, Unavailable
from shared.events.log import VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog
from shared.live.snapshot_follower import SnapshotFollower
from shared.snapshot.change import Change, to_record
from tests.unit.live.fake_service import Away, Service, SlowToEnd


@asynccontextmanager
async def following(service: Service, log: object) -> AsyncIterator[SnapshotFollower]:
    follower = SnapshotFollower(log, service.root, [service.open], 0.01, pause=0.01)  # type: ignore[arg-type]
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


async def write(log: SqliteEventLog, *product_ids: str) -> None:
    await log.append(VECTORS, [to_record(Change(1, product_id)) for product_id in product_ids])


async def test_a_snapshot_serves_once_it_has_taken_in_the_tail(service: Service, log: SqliteEventLog) -> None:
    await write(log, "a", "b", "c")
    service.publish("v1", position=1)
    async with following(service, log) as follower:
        await follower.opened()
        assert service.applied("v1") == [2, 3] and service.events == ["serve v1"]


async def test_what_is_written_while_it_serves_is_shown(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1")
    async with following(service, log) as follower:
        await follower.opened()
        await write(log, "a")
        await until(lambda: service.events == ["serve v1", "refresh v1"])
        await write(log, "b", "c")
        await until(lambda: service.applied("v1") == [1, 2, 3])


async def test_the_next_snapshot_takes_over_and_the_one_before_is_left_as_it_is(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    async with following(service, log) as follower:
        await follower.opened()
        await write(log, "a", "b")
        await until(lambda: service.applied("v1") == [1, 2])
        service.publish("v2", position=1)
        await until(lambda: "serve v2" in service.events)
        assert service.applied("v2") == [2]
        await write(log, "c")
        await until(lambda: service.applied("v2") == [2, 3])
        assert service.applied("v1") == [1, 2] and "close v1" not in service.events


async def test_the_next_snapshot_shows_no_less_than_the_one_before(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    slow = SlowToEnd(log)
    slow.may_say.set()
    async with following(service, slow) as follower:
        await follower.opened()
        slow.may_say.clear()
        slow.asked.clear()
        service.publish("v2")
        await slow.asked.wait()
        await write(log, "a")
        await until(lambda: service.events == ["serve v1", "refresh v1"])
        slow.may_say.set()
        await until(lambda: "serve v2" in service.events)
        assert service.applied("v2") == [1] and "refresh v2" not in service.events


async def test_a_snapshot_with_a_file_serves_once_the_indexer_has_gone_over_to_it(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    service.lineages["v2"] = "v2"
    async with following(service, log) as follower:
        await follower.opened()
        await write(log, "a")
        await until(lambda: service.applied("v1") == [1])
        service.publish("v2", position=0)
        await until(lambda: any(live.version == "v2" and live.offsets for live in service.lives))
        await asyncio.sleep(0.1)
        assert "serve v2" not in service.events
        await log.append(VECTORS, [to_record(Change(1, lineage="v2"))])
        await until(lambda: "serve v2" in service.events)


async def test_a_snapshot_that_waits_for_the_indexer_makes_way_for_a_newer_one(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    service.lineages |= {"v2": "v2", "v3": "v3"}
    async with following(service, log) as follower:
        await follower.opened()
        await write(log, "a")
        await until(lambda: service.applied("v1") == [1])
        service.publish("v2", position=0)
        await until(lambda: any(live.version == "v2" and live.offsets for live in service.lives))
        service.publish("v3", position=0)
        await log.append(VECTORS, [to_record(Change(1, lineage="v3"))])
        await until(lambda: "serve v3" in service.events)
        assert "serve v2" not in service.events and "close v2" in service.events


async def test_two_snapshots_later_it_is_let_go(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1")
    async with following(service, log):
        for version in ("v2", "v3"):
            await until(lambda: bool(service.events))
            service.publish(version)
            await until(lambda version=version: f"serve {version}" in service.events)  # type: ignore[misc]
        await until(lambda: "close v1" in service.events)
        assert "close v2" not in service.events


async def test_a_snapshot_of_another_encoder_goes_on_following(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1", encoder="old")
    async with following(service, log) as follower:
        await follower.opened()
        service.publish("v2", encoder="new")
        await until(lambda: "serve v2" in service.events)
        await write(log, "a")
        await until(lambda: service.applied("v1") == service.applied("v2") == [1])


@pytest.mark.parametrize(
    "error", [Corrupt("a flipped byte"), Unavailable("no room"), ValueError("strange"), RuntimeError("faiss")]
)
async def test_a_snapshot_that_cannot_be_opened_leaves_the_one_before(
    service: Service, log: SqliteEventLog, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    service.publish("v1")
    service.broken["v2"] = error
    async with following(service, log) as follower:
        await follower.opened()
        service.publish("v2")
        await until(lambda: "the previous one stays in use" in caplog.text)
        await write(log, "a")
        await until(lambda: service.applied("v1") == [1])
    assert "serve v2" not in service.events and str(error) in caplog.text


async def test_a_current_that_names_no_version_is_told_once_and_what_serves_goes_on(
    service: Service, log: SqliteEventLog, caplog: pytest.LogCaptureFixture
) -> None:
    service.publish("v1")
    async with following(service, log) as follower:
        await follower.opened()
        (service.root / "current").write_text("../elsewhere")
        await until(lambda: "which is no version" in caplog.text)
        await write(log, "a")
        await until(lambda: service.applied("v1") == [1])
        service.publish("v2")
        await until(lambda: "serve v2" in service.events)
    assert caplog.text.count("which is no version") == 1


async def test_before_the_first_snapshot_it_waits(service: Service, log: SqliteEventLog) -> None:
    async with following(service, log) as follower:
        await asyncio.sleep(0.05)
        assert service.events == []
        service.publish("v1")
        await follower.opened()


async def test_after_a_change_that_cannot_be_applied_the_snapshot_is_opened_again(
    service: Service, log: SqliteEventLog, caplog: pytest.LogCaptureFixture
) -> None:
    service.publish("v1")
    service.fails_at = 2
    async with following(service, log) as follower:
        await follower.opened()
        await write(log, "a", "b", "c")
        await until(lambda: service.events.count("serve v1") == 2)
        assert service.applied("v1") == [1, 2, 3]
    assert "opened again (RuntimeError: no room)" in caplog.text


async def test_a_change_that_nobody_can_read_is_passed_over(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1")
    async with following(service, log) as follower:
        await follower.opened()
        await log.append(VECTORS, [NewRecord("broken", b"\xff\xff")])
        await write(log, "a")
        await until(lambda: service.applied("v1") == [1, 2])


async def test_while_the_log_is_down_the_snapshot_alone_serves(service: Service, log: SqliteEventLog) -> None:
    away = Away(log)
    await write(log, "a")
    service.publish("v1")
    async with following(service, away) as follower:
        await follower.opened()
        assert service.applied("v1") == []
        away.down = False
        await until(lambda: service.applied("v1") == [1])


async def test_changes_come_together_rather_than_one_by_one(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1")
    follower = SnapshotFollower(log, service.root, [service.open], 0.01, pause=0.2)
    task = asyncio.create_task(follower.run())
    await follower.opened()
    for number in range(20):
        await write(log, f"p{number}")
        await asyncio.sleep(0.01)
    await until(lambda: len(service.applied("v1")) == 20)
    task.cancel()
    assert service.events.count("refresh v1") <= 4
