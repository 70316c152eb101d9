import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.feedback.join.config import JoinConfig
from services.feedback.join.tables import Tables
from services.standalone import folder_tables
from services.standalone.counted import Counted, Slowest
from services.standalone.local_join import TABLES, LocalJoin
from services.standalone.log_acceptance import LOG
from shared.errors import NotFound, Unavailable
from shared.events.log import SEARCH_LOGS, USER_EVENTS
from shared.events.sqlite import SqliteEventLog
from tests.unit.feedback.join.scene import files, rows
from tests.unit.feedback.observations import event, page


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    """With a keeper of positions, as the engine has it."""
    made = SqliteEventLog(tmp_path / LOG, keeper=Counted())
    yield made
    await made.close()


async def joined(log: SqliteEventLog, data: Path) -> int:
    join = LocalJoin(data, log, JoinConfig())
    count = await join.catch_up()
    assert join.saved[SEARCH_LOGS] == await log.end_offset(SEARCH_LOGS)
    await join.close()
    return count


async def test_it_goes_on_where_the_tables_end_whatever_the_features_have_counted(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    await log.append(USER_EVENTS, [event("click", "p1")])
    await log.commit("features", {SEARCH_LOGS: 1, USER_EVENTS: 1})
    assert await joined(log, tmp_path) == 2
    await log.append(SEARCH_LOGS, [page("p2", query="lamp")])
    assert await joined(log, tmp_path) == 1
    assert {each["product_id"] for each in rows(Tables(tmp_path / TABLES))} == {"p1", "p2"}


async def test_who_catches_up_while_the_run_begins_finds_the_folder_open(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    join = LocalJoin(tmp_path, log, JoinConfig())
    running = asyncio.ensure_future(join.run())
    await asyncio.sleep(0)  # it has begun to open the folder
    await join.catch_up()
    assert not join.trouble
    running.cancel()
    await join.close()
    assert len(rows(Tables(tmp_path / TABLES))) == 1


async def test_another_log_is_taken_in_from_its_start(log: SqliteEventLog, tmp_path: Path) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp"), page("p2", query="lamp")])
    await joined(log, tmp_path)
    other = SqliteEventLog(tmp_path / "other.sqlite")
    await other.append(SEARCH_LOGS, [page("p3", query="lamp")])
    assert await joined(other, tmp_path) == 1
    await other.close()
    assert len(rows(Tables(tmp_path / TABLES))) == 3


async def test_what_one_of_two_readers_needs_is_needed() -> None:
    one, other = Counted(), Counted()
    one.saved = {SEARCH_LOGS: 5, USER_EVENTS: 7}
    other.saved = {SEARCH_LOGS: 9}
    assert Slowest(one, other).saved == {SEARCH_LOGS: 5, USER_EVENTS: 0}


async def test_a_folder_is_exported_and_made_anew_while_no_engine_has_it(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    await log.append(SEARCH_LOGS, [page("p1", query="lamp")])
    with pytest.raises(Unavailable, match="in use by process"):
        await folder_tables.export(tmp_path)
    await log.close()
    assert await folder_tables.export(tmp_path) == 1
    before = files(tmp_path / TABLES)
    assert (await folder_tables.make_anew(tmp_path)).record_count == 1
    assert files(tmp_path / TABLES) == before
    with pytest.raises(NotFound, match="there is no log"):
        await folder_tables.export(tmp_path / "nothing")
