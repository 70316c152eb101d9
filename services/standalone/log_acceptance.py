"""Go on with the log in a data folder, though it is not the one that the snapshot was made from."""

import asyncio
from pathlib import Path

from services.embedding.indexing.accepting import check_log
from shared.events.sqlite import SqliteEventLog


def accept_the_log(data: Path) -> None:
    """Accept DATA's log if it ends before what the snapshot contains. Raises Unavailable while an engine has it."""
    asyncio.run(_accept(data))


async def _accept(data: Path) -> None:
    log = SqliteEventLog(data / "log.sqlite")
    try:
        await check_log(data, log, accept=True)
    finally:
        await log.close()
