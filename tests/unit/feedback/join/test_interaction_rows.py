"""The interactions tables: all interactions of visitors, from searches and elsewhere."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.feedback.join.join import Join
from services.feedback.join.tables import Tables
from services.feedback.service import joinable
from shared.errors import NotFound
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
)

END_OF_DAY = NOON + 12 * HOUR


@pytest.fixture
def scene() -> Scene:
    return Scene()


def told(tables: Tables, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in names) for each in done_rows(tables)]


def test_an_order_without_a_search_is_a_row_a_line(tmp_path: Path, scene: Scene) -> None:
    order = {"event_id": "e1", "quantity": 2, "price": 1.5, "user": "u", "session": "s"}
    scene.does("purchase", "p1", "p2", query="", at=NOON, **order)
    first, second = done_rows(joined(tmp_path, scene))
    assert first == {
        "visitor_id": "ann",
        "user_id": "u",
        "session_id": "s",
        "query_id": "",
        "event_id": "e1",
        "action": "purchase",
        "product_id": "p1",
        "quantity": 2,
        "price": 1.5,
        "event_time": datetime.fromtimestamp(NOON, UTC),
        "left_out": "",
    }
    assert second == {**first, "product_id": "p2"}


def test_a_row_names_its_search_only_where_that_is_known(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + 1)
    scene.does("click", "p1", query="", unverified="made up", at=NOON + 2)
    assert told(joined(tmp_path, scene), "query_id") == [(search.partition(".")[0],), ("",)]
    found = counts(tmp_path)
    names = ("events", "interactions", "unverified_query")
    assert [found[f"join.{name}"] for name in names] == [2, 1, 1]


def test_a_quantity_is_one_and_a_price_null_unless_said(tmp_path: Path, scene: Scene) -> None:
    scene.does("view", "p1", query="", at=NOON)
    assert told(joined(tmp_path, scene), "quantity", "price") == [(1, None)]


def test_an_event_of_nobody_is_not_written(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1")
    scene.does("click", "p1", query="", at=NOON + 1, visitor="")
    assert joined(tmp_path, scene).interaction_days() == []
    assert counts(tmp_path)["join.no_visitor"] == 1


def test_an_event_id_of_a_visitor_counts_once(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    for query, at in (("", NOON), (search, NOON), ("", NOON + DAY), ("", NOON)):
        scene.does("click", "p1", query=query, at=at, event_id="once")
    scene.does("click", "p1", query="", at=NOON, event_id="once", visitor="bob")
    assert told(joined(tmp_path, scene), "visitor_id", "query_id") == [("ann", ""), ("bob", "")]
    assert counts(tmp_path)["join.events.repeated"] == 3


def test_rows_of_a_day_are_by_time_visitor_event_and_line(tmp_path: Path, scene: Scene) -> None:
    events = ((2, "ann", "b"), (1, "bob", "a"), (2, "ann", "a"), (1, "ann", "c"))
    for at, visitor, event_id in events:
        scene.does("view", "p2", "p1", query="", at=NOON + at, visitor=visitor, event_id=event_id)
    found = told(joined(tmp_path, scene), "event_id", "product_id")
    assert found == [(event_id, product) for event_id in "caab" for product in ("p2", "p1")]


@pytest.mark.parametrize(("days", "day"), [(8, date(2026, 11, 2)), (8.0001, date(2026, 11, 11))])
def test_what_the_log_gets_when_the_day_is_final_is_in_the_table_of_the_logs_day(
    tmp_path: Path, scene: Scene, days: float, day: date
) -> None:
    scene.does("purchase", "p1", query="", at=NOON, logged=END_OF_DAY + days * DAY)
    tables = joined(tmp_path, scene)
    assert tables.interaction_days() == [day]
    (row,) = done_rows(tables)
    assert row["event_time"] == datetime.fromtimestamp(NOON, UTC)


def test_a_click_long_after_its_search_is_a_row(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + 30 * DAY)
    tables = joined(tmp_path, scene)
    assert tables.interaction_days() == [date(2026, 12, 2)]
    assert counts(tmp_path)["join.too_late"] == 1


def test_a_late_event_writes_its_day_again_and_no_other(tmp_path: Path, scene: Scene) -> None:
    scene.does("view", "p1", query="", at=NOON)
    scene.does("view", "p1", query="", at=NOON + DAY)
    joined(tmp_path, scene)
    scene.does("view", "p2", query="", at=NOON + 1, logged=NOON + 3 * DAY)
    join = Join(tmp_path, joinable)
    join.stage(scene.records)
    assert join.export() == ["interactions/2026-11-02"]
    join.close()
    assert len(done_rows(Tables(tmp_path))) == 3


def test_all_rows_of_a_visitor_who_does_too_much_say_so(tmp_path: Path, scene: Scene) -> None:
    for second in range(3):
        scene.does("view", "p1", query="", at=NOON + second)
    scene.does("view", "p1", query="", at=NOON + DAY)
    scene.does("view", "p1", query="", at=NOON + 9, visitor="bob")
    first = joined(tmp_path, scene, max_daily_interactions=3)
    assert told(first, "left_out") == [("",)] * 5
    scene.does("view", "p1", query="", at=NOON + 5)
    left_out = dict.fromkeys(
        told(joined(tmp_path, scene, max_daily_interactions=3), "visitor_id", "left_out")
    )
    assert list(left_out) == [("ann", "too_active"), ("bob", ""), ("ann", "")]


def test_what_is_done_without_a_search_makes_a_visitor_too_active_for_pages_too(
    tmp_path: Path, scene: Scene
) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + 1)
    assert row(joined(tmp_path, scene, max_daily_interactions=2), "p1")["left_out"] == ""
    for second in (2, 3):
        scene.does("view", "p1", query="", at=NOON + second)
    assert row(joined(tmp_path, scene, max_daily_interactions=2), "p1")["left_out"] == "too_active"


def test_a_final_day_leaves_staging_and_its_table_stays(tmp_path: Path, scene: Scene) -> None:
    scene.does("view", "p1", query="", at=NOON)
    scene.passes(END_OF_DAY + 10.6 * DAY)
    joined(tmp_path, scene)
    join = Join(tmp_path, joinable)
    assert join._staging.row("SELECT count(*) FROM interaction_rows") == (1,)
    assert join._staging.row("SELECT count(*) FROM event_ids") == (1,)
    join.close()
    before = files(tmp_path)
    scene.does("view", "p2", query="", at=NOON, logged=END_OF_DAY + 11 * DAY)
    joined(tmp_path, scene)
    later = files(tmp_path)
    assert later.keys() - before.keys() == {"interactions/day=2026-11-14/part-0.parquet"}
    assert {name: later[name] for name in before} == before


def test_a_day_of_many_rows_is_whole(tmp_path: Path, scene: Scene) -> None:
    products = [f"p{number}" for number in range(100)]
    for second in range(90):
        scene.does("view", *products, query="", at=NOON + second, visitor=f"v{second}")
    tables = joined(tmp_path, scene)
    assert tables.row_count(FIRST_DAY, "interactions") == 9_000
    assert [name for (name,) in told(tables, "product_id")] == products * 90
    assert tables.visitor_count(FIRST_DAY) == 90


def test_tables_of_both_kinds_go_when_they_are_old(tmp_path: Path, scene: Scene) -> None:
    for day in range(5):
        scene.does("view", "p1", query="", at=NOON + day * DAY)
    scene.page(1, "p1", at=NOON)
    tables = joined(tmp_path, scene, keep_days=3, keep_interaction_days=2)
    kept = [str(day) for day in tables.interaction_days()]
    assert kept == ["2026-11-04", "2026-11-05", "2026-11-06"]
    assert tables.days() == []


def test_the_oldest_days_go_when_both_tables_are_too_large(tmp_path: Path, scene: Scene) -> None:
    for day in range(4):
        search = scene.page(day, "p1", at=NOON + day * DAY)
        scene.does("click", "p1", query=search, at=NOON + day * DAY + 1)
    tables = joined(tmp_path / "all", scene)
    newest = tables.days()[-2:]
    size = sum(tables.size_bytes(day) + tables.size_bytes(day, "interactions") for day in newest)
    for limit, days in ((size, newest), (size - 1, newest[1:])):
        some = joined(tmp_path / str(limit), scene, max_bytes=limit)
        assert (some.days(), some.interaction_days()) == (days, days)


def test_some_days_and_columns_are_read(tmp_path: Path, scene: Scene) -> None:
    for day in range(3):
        scene.does("view", f"p{day}", query="", at=NOON + day * DAY)
    tables = joined(tmp_path, scene)
    last = FIRST_DAY + timedelta(days=2)
    found = tables.interactions(FIRST_DAY + timedelta(days=1), last, ["product_id", "visitor_id"])
    assert found.schema.names == ["product_id", "visitor_id"]
    assert found["product_id"].to_pylist() == ["p1", "p2"]
    with pytest.raises(NotFound, match="clicks"):
        tables.interactions(FIRST_DAY, last, ["clicks"])


def test_interactions_can_be_read_before_there_are_any(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    assert (tables.interaction_days(), done_rows(tables)) == ([], [])
    assert tables.interactions(FIRST_DAY, FIRST_DAY, ["price"]).schema.names == ["price"]
