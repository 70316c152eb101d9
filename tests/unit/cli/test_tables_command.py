import json
from pathlib import Path

import pytest

from cli.commands.tables import tables
from services.standalone.local_join import TABLES
from services.standalone.log_acceptance import LOG
from shared.events.log import SEARCH_LOGS
from shared.events.sqlite import SqliteEventLog
from tests.unit.feedback.told import page


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder whose log has one page of two products."""
    log = SqliteEventLog(tmp_path / LOG)
    await log.append(SEARCH_LOGS, [page("p1", "p2", query="lamp")])
    await log.close()
    return tmp_path


def test_a_folder_without_tables_has_no_days(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables(data)
    assert capsys.readouterr().out == "0 days, 0 rows, 0.0 MB\n"
    assert not (data / TABLES).exists()


def test_an_export_and_a_rebuild_say_how_many_records_they_read(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables(data, export=True, as_json=True)
    exported = json.loads(capsys.readouterr().out)
    assert exported["record_count"] == 1
    assert [day["row_count"] for day in exported["days"]] == [2]
    tables(data, rebuild=True, as_json=True)
    rebuilt = json.loads(capsys.readouterr().out)
    assert rebuilt["rebuilt"]["record_count"] == 1
    assert rebuilt["days"] == exported["days"]
