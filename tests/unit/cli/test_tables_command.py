import json
from pathlib import Path

import pytest

from cli.commands.tables import tables
from services.standalone.local_join import TABLES
from services.standalone.log_acceptance import LOG
from shared.events.log import SEARCH_LOGS, USER_EVENTS
from shared.events.sqlite import SqliteEventLog
from tests.unit.feedback.observations import event, page


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder whose log has one page of two products, and three events of two visitors."""
    log = SqliteEventLog(tmp_path / LOG)
    await log.append(SEARCH_LOGS, [page("p1", "p2", query="lamp")])
    await log.append(USER_EVENTS, [event("click", "p1"), event("view", "p2", from_page=False)])
    await log.append(USER_EVENTS, [event("view", "p1", visitor_id="v2")])
    await log.close()
    return tmp_path


def test_a_folder_without_tables_has_no_days(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables(data)
    assert capsys.readouterr().out.splitlines() == [
        "impressions   0 days, 0 rows, 0.0 MB",
        "interactions  0 days, 0 rows, 0.0 MB",
    ]
    assert not (data / TABLES).exists()


def test_an_export_and_a_rebuild_say_how_many_records_they_read(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables(data, export=True, as_json=True)
    exported = json.loads(capsys.readouterr().out)
    assert exported["record_count"] == 4
    assert [day["row_count"] for day in exported["days"]] == [2]
    tables(data, rebuild=True, as_json=True)
    rebuilt = json.loads(capsys.readouterr().out)
    assert rebuilt["rebuilt"]["record_count"] == 4
    assert rebuilt["days"] == exported["days"]
    assert rebuilt["interactions"] == exported["interactions"]


def test_each_day_of_interactions_says_how_many_visitors_it_has(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables(data, export=True, as_json=True)
    [day] = json.loads(capsys.readouterr().out)["interactions"]
    assert (day["row_count"], day["visitor_count"]) == (3, 2)
    tables(data)
    said = capsys.readouterr().out
    assert "          3 rows" in said
    assert "2 visitors" in said
