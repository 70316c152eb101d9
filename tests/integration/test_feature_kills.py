"""The features of one process are killed with it, again and again, while the log is trimmed behind
them.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from shared.events.log import USER_EVENTS
from tests.unit.standalone.counting_shop import process

ROOT = Path(__file__).parents[2]
COUNT_FOREVER = """
import asyncio, sys
from pathlib import Path
from services.standalone.log_retention import LogRetention
from shared.events.config import LogConfig
from tests.unit.feedback.observations import event
from tests.unit.standalone.counting_shop import process

async def main(data):
    async with process(data) as shop:
        config = LogConfig(max_bytes=1)
        retention = LogRetention(shop.log, data / "log.sqlite", data / "snapshots", shop.counted, config)

        async def trim():
            while True:
                await shop.save()
                await retention.look()

        trimming = asyncio.create_task(trim())
        number = 0
        while not trimming.done():
            number += 1
            await shop.tell(event("purchase", "p1", visitor_id=f"{sys.argv[2]}-{number}"))
            print("acknowledged", flush=True)
        trimming.result()

asyncio.run(main(Path(sys.argv[1])))
"""


def killed_after(data: Path, visitor_id: str, acknowledgements: int) -> int:
    """The number of purchases that a process acknowledged before it was killed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", COUNT_FOREVER, str(data), visitor_id]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        lines = [running.stdout.readline() for _ in range(acknowledgements)]
        running.send_signal(signal.SIGKILL)
        return len([line for line in lines + running.stdout.readlines() if line.endswith("\n")])


async def test_every_event_that_was_acknowledged_counts_once_whenever_the_process_was_killed(
    tmp_path: Path,
) -> None:
    acknowledged = sum(killed_after(tmp_path, f"v{count}", count) for count in (1, 30, 7, 90, 200))
    async with process(tmp_path) as shop:
        appended = await shop.log.end_offset(USER_EVENTS)
        assert await shop.bought("p1") == appended >= acknowledged
        assert await shop.log.trimmed_through(USER_EVENTS) > acknowledged / 4
