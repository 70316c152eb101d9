"""Late records, and removal of old tables."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.join.tables import Tables
from services.feedback.service import joinable
from shared.errors import NotFound, Unavailable
from tests.unit.feedback.join.scene import (
    DAY,
    FIRST_DAY,
    HOUR,
    NOON,
    Scene,
    counts,
    done_rows,
    files,
    joined,
    row,
    rows,
)

END_OF_DAY = NOON + 12 * HOUR


@pytest.fixture
def scene() -> Scene:
    return Scene()


def staged_pages(root: Path) -> int:
    join = Join(root, joinable)
    try:
        return int(join._staging.row("SELECT count(*) FROM pages")[0])
    finally:
        join.close()


def test_a_late_event_writes_its_day_again_and_no_other(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.page(2, "p2", at=NOON + DAY)
    joined(tmp_path, scene)
    scene.does("purchase", "p1", query=search, at=NOON + 3 * DAY)
    join = Join(tmp_path, joinable)
    join.stage(scene.records)
    assert join.export() == ["impressions/2026-11-02", "interactions/2026-11-05"]
    assert join.export() == []
    join.close()
    assert row(Tables(tmp_path), "p1")["purchases"] == 1


@pytest.mark.parametrize(("days", "purchases"), [(8, 1), (8.0001, 0)])
def test_what_the_log_gets_days_after_the_window_is_too_late(
    tmp_path: Path, scene: Scene, days: float, purchases: int
) -> None:
    search = scene.page(1, "p1")
    scene.does("purchase", "p1", query=search, at=NOON + DAY, logged=END_OF_DAY + days * DAY)
    tables = joined(tmp_path, scene)
    assert row(tables, "p1")["purchases"] == purchases


def test_a_final_day_leaves_staging_and_its_table_stays(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + 1)
    scene.passes(END_OF_DAY + 10.5 * DAY)
    joined(tmp_path, scene)
    assert staged_pages(tmp_path) == 0
    before = files(tmp_path)
    scene.does("purchase", "p1", query=search, at=NOON + 2, logged=END_OF_DAY + 11 * DAY)
    scene.page(2, "p2", logged=END_OF_DAY + 11 * DAY)
    joined(tmp_path, scene)
    later = files(tmp_path)
    assert later.keys() - before.keys() == {"interactions/day=2026-11-14/part-0.parquet"}
    assert {name: later[name] for name in before} == before
    assert counts(tmp_path)["join.too_late"] == 2


def test_days_that_are_final_are_the_same_when_all_is_replayed(tmp_path: Path, scene: Scene) -> None:
    searches = [scene.page(day, "p1", at=NOON + day * DAY) for day in range(4)]
    for day, search in enumerate(searches):
        scene.does("purchase", "p1", query=search, at=NOON + (day + 6.9) * DAY)
        scene.does("purchase", "p1", query=search, at=NOON + (day + 2) * DAY, logged=NOON + 15 * DAY)
    for day in range(0, 60, 3):  # the same event repeatedly, for more days than its id is remembered
        scene.does("view", "p1", query="", at=NOON + day * DAY, event_id="again")
        scene.does("view", "p2", query="", at=NOON + day * DAY, logged=NOON + (day + 7) * DAY)
    scene.records.sort(key=lambda record: record.time_seconds)
    renumbered = Scene()
    for record in scene.records:
        renumbered._add(record.topic, record.key, record.value or b"", record.time_seconds)
    join = Join(tmp_path / "lived", joinable, JoinConfig(max_daily_interactions=1))
    for record in renumbered.records:
        join.stage([record])
        join.export()
    join.close()
    replayed = joined(tmp_path / "replayed", renumbered, max_daily_interactions=1)
    again = [each["event_time"] for each in done_rows(replayed) if each["event_id"] == "again"]
    assert [(at.date() - FIRST_DAY).days for at in again] == [0, 12, 24, 36, 48]
    assert files(tmp_path / "lived") == files(tmp_path / "replayed")


def test_a_folder_is_written_by_one_process(tmp_path: Path) -> None:
    join = Join(tmp_path, joinable)
    with pytest.raises(Unavailable, match=r"join.sqlite is in use by process \d+; stop it"):
        Join(tmp_path, joinable)
    join.close()
    Join(tmp_path, joinable).close()


def test_tables_go_when_they_are_old(tmp_path: Path, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    for day in range(5):
        scene.page(day, "p1", at=NOON + day * DAY)
    with caplog.at_level(logging.INFO):
        tables = joined(tmp_path, scene, keep_days=2)
    assert [str(day) for day in tables.days()] == ["2026-11-04", "2026-11-05", "2026-11-06"]
    assert "the impressions of 2026-11-03 are removed: older than 2 days" in caplog.text


def test_the_oldest_tables_go_when_all_are_too_large(
    tmp_path: Path, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(5):
        scene.page(day, "p1", at=NOON + day * DAY)
    size = Tables(tmp_path / "all").size_bytes
    everything = joined(tmp_path / "all", scene).days()
    with caplog.at_level(logging.INFO):
        tables = joined(tmp_path / "some", scene, max_bytes=sum(map(size, everything[-2:])))
    assert tables.days() == everything[-2:]
    assert "are removed: the tables take more than" in caplog.text
    scene.page(9, "p9", at=NOON)  # a removed day does not come back in part
    assert joined(tmp_path / "some", scene, max_bytes=1).days() == everything[-1:]


@pytest.fixture
def typed(tmp_path: Path, scene: Scene) -> Any:
    def texts(*visitors: str, **settings: Any) -> list[dict[str, Any]]:
        for number, visitor in enumerate(visitors):
            scene.page(100 + number, "p1", visitor=visitor, query="My  Secret", at=NOON + number)
        found: list[dict[str, Any]] = joined(tmp_path, scene, **settings).queries().to_pylist()
        return found

    return texts


def test_a_text_is_kept_once_enough_visitors_typed_it(tmp_path: Path, typed: Any) -> None:
    [four] = typed("a", "b", "c", "d", "a", "", "")
    assert (four["text"], four["visitors"]) == (None, 4)
    assert all(b"secret" not in path.read_bytes().lower() for path in tmp_path.rglob("*") if path.is_file())
    [five] = typed("e")
    assert (five["text"], five["visitors"]) == ("my secret", 5)
    [six] = typed("f")
    assert (six["text"], six["visitors"]) == ("my secret", 5)


def test_browsing_is_no_query(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1", query="")
    assert joined(tmp_path, scene).queries().num_rows == 0


def test_a_query_that_nobody_typed_for_long_is_forgotten(tmp_path: Path, scene: Scene, typed: Any) -> None:
    assert typed("a", least_visitors=1, keep_days=20)[0]["text"] == "my secret"
    scene.passes(NOON + 40 * DAY)
    assert joined(tmp_path, scene, least_visitors=1, keep_days=20).queries().num_rows == 0


def test_tables_can_be_read_before_there_are_any(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    assert (tables.days(), rows(tables), tables.queries().num_rows) == ([], [], 0)


def test_a_column_that_no_day_has_is_named(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1")
    tables = joined(tmp_path, scene)
    with pytest.raises(NotFound, match=r"feature\.other"):
        tables.read(FIRST_DAY, FIRST_DAY, ["clicks", "feature.other"])


def test_pyarrow_reads_the_days_as_partitions(tmp_path: Path, scene: Scene) -> None:
    from pyarrow import dataset

    scene.page(1, "p1")
    scene.page(2, "p2", at=NOON + DAY)
    joined(tmp_path, scene)
    found = dataset.dataset(tmp_path / "impressions", partitioning="hive")
    wanted = found.to_table(columns=["product_id"], filter=dataset.field("day") == "2026-11-03")
    assert wanted.to_pylist() == [{"product_id": "p2"}]


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"keep_days": 0}, {"late_days": -1}, {"group": ""}, {"click_seconds": 8 * DAY}):
        with pytest.raises(ValueError):
            replace(JoinConfig(), **wrong)
