import shutil

import pytest

from shared.artifacts import read_manifest, set_current
from shared.errors import Corrupt, LogBehind, NotFound
from shared.events.sqlite import SqliteEventLog
from shared.live.opened import Live
from shared.live.snapshot_follower import SnapshotFollower
from tests.unit.live.fake_service import Service


@pytest.mark.parametrize("error", [Corrupt("a flipped byte"), OSError("gone"), RuntimeError("faiss")])
async def test_at_the_start_the_newest_that_is_whole_serves(
    service: Service, log: SqliteEventLog, error: Exception
) -> None:
    for version in ("v1", "v2", "v3"):
        service.publish(version)
    service.broken["v3"] = error
    follower = SnapshotFollower(log, service.root, [service.open], 0.01)
    await follower.start()
    assert service.events == ["serve v2"]


async def test_at_the_start_the_current_one_comes_before_newer_ones(
    service: Service, log: SqliteEventLog
) -> None:
    for version in ("v1", "v2"):
        service.publish(version)
    set_current(service.root, "v1")
    await SnapshotFollower(log, service.root, [service.open], 0.01).start()
    assert service.events == ["serve v1"]


async def test_when_none_is_whole_the_start_says_which_file(service: Service, log: SqliteEventLog) -> None:
    service.publish("v1")
    service.broken["v1"] = Corrupt("vectors.npy does not match its checksum")
    with pytest.raises(Corrupt, match=r"vectors\.npy"):
        await SnapshotFollower(log, service.root, [service.open], 0.01).start()


async def test_what_a_library_says_of_a_broken_file_is_told_with_its_folder(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    service.broken["v1"] = RuntimeError("faiss: bad header")
    with pytest.raises(Corrupt, match=r"snapshots/v1: .*bad header.*rebuild it"):
        await SnapshotFollower(log, service.root, [service.open], 0.01).start()


async def test_a_current_snapshot_that_is_missing_is_named(service: Service, log: SqliteEventLog) -> None:
    service.root.mkdir()
    set_current(service.root, "v9")
    with pytest.raises(NotFound, match="v9 has no manifest"):
        await SnapshotFollower(log, service.root, [service.open], 0.01).start()


async def test_at_the_start_a_current_that_names_no_version_leaves_the_newest(
    service: Service, log: SqliteEventLog
) -> None:
    for version in ("v1", "v2"):
        service.publish(version)
    (service.root / "current").write_bytes(b"\xff\xfe")
    await SnapshotFollower(log, service.root, [service.open], 0.01).start()
    assert service.events == ["serve v2"]


async def test_a_log_that_ends_before_the_snapshot_is_named_and_no_older_snapshot_hides_it(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")
    service.publish("v2", position=7)
    with pytest.raises(LogBehind, match=r"snapshot v2 contains aisle.vectors up to position 7, .* ends at 0"):
        await SnapshotFollower(log, service.root, [service.open], 0.01).start()
    assert service.events == []


async def test_a_snapshot_that_is_published_while_older_ones_are_removed_is_found(
    service: Service, log: SqliteEventLog
) -> None:
    service.publish("v1")

    def open_while_indexing(version: str) -> Live:
        if version == "v1":  # another process indexes, and removes what it replaced
            service.publish("v2")
            shutil.rmtree(service.root / version)
        read_manifest(service.root / version)
        return service.open(version)

    await SnapshotFollower(log, service.root, [open_while_indexing], 0.01).start()
    assert service.events == ["serve v2"]
