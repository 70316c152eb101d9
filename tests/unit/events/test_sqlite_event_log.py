import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shared.errors import AisleError, Corrupt, StorageFull, Unavailable
from shared.events.log import CATALOG, SEARCH_LOGS, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog

ROOT = Path(__file__).parents[3]
APPEND_FOREVER = """
import asyncio, sys
from pathlib import Path
from shared.events.log import USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog

async def caller(log, name):
    number = 0
    while True:
        event_id = f"{name}-{number}"
        await log.append(USER_EVENTS, [NewRecord(name, event_id.encode(), event_id)])
        print(event_id, flush=True)
        number += 1

async def main():
    log = SqliteEventLog(Path(sys.argv[1]))
    await asyncio.gather(*(caller(log, f"c{index}") for index in range(8)))

asyncio.run(main())
"""


def appending_process(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND_FOREVER, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("appends_before_the_kill", [1, 37, 200])
async def test_everything_acknowledged_survives_a_kill(tmp_path: Path, appends_before_the_kill: int) -> None:
    path = tmp_path / "log.sqlite"
    process = appending_process(path)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(appends_before_the_kill)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    log = SqliteEventLog(path)
    kept = {
        record.key + "-" + (record.value or b"").decode().split("-")[1]
        for record in await log.read(USER_EVENTS, 0, 100_000)
    }
    again = [NewRecord("v", b"", event_id) for event_id in acknowledged]
    repeated = await log.append(USER_EVENTS, again)
    await log.close()
    assert set(acknowledged) <= kept
    assert all(append.duplicate for append in repeated)


async def test_a_second_process_is_told_who_has_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    process = appending_process(path)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(Unavailable, match=f"in use by process {process.pid}"):
        SqliteEventLog(path)
    process.kill()
    process.wait()
    process.stdout.close()


async def test_a_full_disk_loses_nothing_acknowledged_and_is_still_read(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite", max_bytes=200_000)
    acknowledged = 0
    with pytest.raises(StorageFull, match="free some space"):
        for _ in range(1_000):
            await log.append(USER_EVENTS, [NewRecord("v", b"x" * 1_000)] * 10)
            acknowledged += 10
    assert acknowledged > 0
    assert len(await log.read(USER_EVENTS, 0, 100_000)) == acknowledged
    await log.close()
    log = SqliteEventLog(tmp_path / "log.sqlite")
    await log.append(USER_EVENTS, [NewRecord("v", b"room again")])
    assert len(await log.read(USER_EVENTS, 0, 100_000)) == acknowledged + 1
    await log.close()


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_bytes(b"this is not a database, and never was one" * 100)
    with pytest.raises(Corrupt, match=r"log\.sqlite is damaged"):
        SqliteEventLog(tmp_path / "log.sqlite")


async def test_a_log_opened_again_goes_on_where_it_was(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    (before,) = await log.append(CATALOG, [NewRecord("p1", b"a")])
    await log.close()
    log = SqliteEventLog(tmp_path / "log.sqlite")
    assert await log.end_offset(CATALOG) == before.offset
    (after,) = await log.append(CATALOG, [NewRecord("p1", b"b")])
    await log.close()
    assert after.offset > before.offset


async def test_an_event_id_is_forgotten_when_its_time_is_over_and_its_record_is_kept(
    tmp_path: Path,
) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite", dedup_seconds=0.05)
    await log.append(USER_EVENTS, [NewRecord("v", b"a", "e1")])
    (soon,) = await log.append(USER_EVENTS, [NewRecord("v", b"a", "e1")])
    time.sleep(0.06)
    await log.append(USER_EVENTS, [NewRecord("v", b"b", "e2")])
    (late,) = await log.append(USER_EVENTS, [NewRecord("v", b"a", "e1")])
    values = [record.value for record in await log.read(USER_EVENTS, 0)]
    await log.close()
    assert (soon.duplicate, late.duplicate) == (True, False)
    assert values == [b"a", b"b", b"a"]


async def test_topics_are_merged_by_the_time_of_their_records(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    for number in range(6):
        topic = (USER_EVENTS, SEARCH_LOGS)[number % 2]
        await log.append(topic, [NewRecord("v", str(number).encode())])
    consumer = await log.consumer([SEARCH_LOGS, USER_EVENTS])
    assert [record.value for record in await consumer.poll(0, limit=4)] == [b"0", b"1", b"2", b"3"]
    assert [record.value for record in await consumer.poll(0)] == [b"4", b"5"]
    await log.close()


async def test_what_was_dropped_is_gone_and_its_offset_is_not_given_again(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    records = [NewRecord("v", str(number).encode()) for number in range(3)]
    appended = await log.append(USER_EVENTS, records)
    await log.drop(USER_EVENTS, appended[1].offset)
    assert [record.value for record in await log.read(USER_EVENTS, 0)] == [b"2"]
    await log.drop(USER_EVENTS, appended[2].offset)
    assert await log.read(USER_EVENTS, 0) == []
    (later,) = await log.append(USER_EVENTS, [NewRecord("v", b"3")])
    assert later.offset == 4
    await log.close()


async def test_a_record_that_cannot_be_written_is_told_and_does_not_end_the_writing(
    tmp_path: Path,
) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    with pytest.raises(AisleError, match="could not write"):
        async with asyncio.timeout(10):
            await log.append(USER_EVENTS, [NewRecord("half a pair \ud800", b"a")])
    await log.append(USER_EVENTS, [NewRecord("v", b"b")])
    assert [record.value for record in await log.read(USER_EVENTS, 0)] == [b"b"]
    await log.close()


async def test_who_leaves_before_a_turn_between_appends_does_not_end_the_writing(
    tmp_path: Path,
) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    goes_on = threading.Event()
    done = list[str]()
    first = asyncio.create_task(log.between_appends(lambda _: goes_on.wait(10)))
    leaving = [asyncio.create_task(log.between_appends(lambda _: done.append("left"))) for _ in range(3)]
    await asyncio.sleep(0.05)
    for task in (*leaving, first):
        task.cancel()
    await asyncio.gather(first, *leaving, return_exceptions=True)
    goes_on.set()
    async with asyncio.timeout(10):
        places = await log.append(USER_EVENTS, [NewRecord("v", b"a")])
        assert [place.offset for place in places] == [1]
    assert done == []
    await log.close()
