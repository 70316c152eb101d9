"""The tables of a data folder that no engine serves: export them now, or make them anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.feedback.join.config import JoinConfig
from services.feedback.join.rebuild import Rebuilt, rebuild
from services.feedback.service import joinable
from services.standalone.local_join import TABLES, Joined, LocalJoin
from services.standalone.log_acceptance import LOG
from shared.config import load
from shared.errors import NotFound
from shared.events.sqlite import SqliteEventLog


async def export(data: Path) -> int:
    """Take in the rest of DATA's log, and write the tables. Returns how many records that were.

    Raises Unavailable while an engine has the folder, NotFound if it has no log.
    """
    async with _log(data) as log:
        join = LocalJoin(data, log, load(JoinConfig))
        try:
            return await join.catch_up()
        finally:
            await join.close()


async def make_anew(data: Path) -> Rebuilt:
    """Make DATA's tables anew from the start of its log. Raises as `export` does."""
    async with _log(data) as log:
        return await rebuild(data / TABLES, joinable, load(JoinConfig), Joined(log).consumer)


@asynccontextmanager
async def _log(data: Path) -> AsyncIterator[SqliteEventLog]:
    if not (data / LOG).is_file():
        raise NotFound(f"{data / LOG}: there is no log; name a data folder that was served, with --data")
    log = SqliteEventLog(data / LOG)
    try:
        yield log
    finally:
        await log.close()
