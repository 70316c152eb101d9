"""Kill -9 of the join: its tables are byte by byte those of a run that nothing stopped."""

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.feedback.join.tables import Tables
from services.standalone import folder_tables
from services.standalone.local_join import TABLES
from services.standalone.log_acceptance import LOG
from shared.events.log import SEARCH_LOGS, USER_EVENTS, NewRecord
from shared.events.sqlite import SqliteEventLog
from tests.unit.feedback.join.scene import DAY, MINUTE, Scene, done_rows, files, rows

KILLS = int(os.environ.get("AISLE_TEST_KILLS", "6"))
# Small batches, and an export after each, so that a kill may hit every step
PROGRAM = """
import asyncio, sys
from pathlib import Path
from services.feedback.join.config import JoinConfig
from services.standalone.local_join import LocalJoin
from services.standalone.log_acceptance import LOG
from shared.events.sqlite import SqliteEventLog

async def main(data):
    join = LocalJoin(data, SqliteEventLog(data / LOG), JoinConfig(batch_records=20))
    print("joining", flush=True)
    while await join._worker.step(0.0):
        await join._worker.export()
    print("joined", flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def shop_log(searches: int) -> Scene:
    """Searches of three days, with later clicks and purchases, and views without a search."""
    scene = Scene(partitions=1)
    begins = time.time() - 4 * DAY
    rng = random.Random(3)
    for number in range(searches):
        at = begins + number * 3 * DAY / searches
        visitor = f"v{number % 50}"
        search = scene.page(
            number,
            *(f"p{rng.randrange(500)}" for _ in range(20)),
            at=at,
            visitor=visitor,
            query=f"q{number % 9}",
        )
        for action, after in (("view", MINUTE), ("click", 2 * MINUTE), ("purchase", DAY)):
            products = [f"p{rng.randrange(500)}" for _ in range(20)]
            scene.does(action, *products, query=search, at=at + after, visitor=visitor, price=1.1)
        for _ in range(2):  # the second run changes nothing
            scene.does("view", "p0", query="", at=at, visitor=visitor, event_id=f"alone-{number}")
    return scene


async def write(path: Path, scene: Scene) -> None:
    log = SqliteEventLog(path)
    for topic in (SEARCH_LOGS, USER_EVENTS):
        records = [NewRecord(each.key, each.value) for each in scene.records if each.topic == topic]
        await log.append(topic, records)
    await log.close()


@pytest.mark.timeout(180 + 10 * KILLS)
def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(write(data / LOG, shop_log(400)))
    rng = random.Random(7)
    killed = 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", PROGRAM, str(data)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"joining\n"
        time.sleep(rng.random() * 0.5)
        process.kill()
        said, _ = process.communicate()
        killed += said == b""
    asyncio.run(folder_tables.export(data))
    lived = files(data / TABLES)
    shown = [row for row in rows(Tables(data / TABLES)) if row["position"]]
    assert len(shown) == 400 * 20 and sum(row["purchases"] for row in shown) > 100
    done = done_rows(Tables(data / TABLES))
    assert len({(row["event_id"], row["visitor_id"]) for row in done}) == 400 * 4
    assert len(done) == 400 * (3 * 20 + 1)
    asyncio.run(folder_tables.make_anew(data))
    assert lived == files(data / TABLES)
    assert killed
