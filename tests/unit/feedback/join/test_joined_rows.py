from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.query_ids import query_hash
from tests.unit.feedback.join.scene import (
    DAY,
    FIRST_DAY,
    HOUR,
    MINUTE,
    NOON,
    Scene,
    counts,
    joined,
    row,
    rows,
)

NOTHING_DONE = {
    **dict.fromkeys(("views", "clicks", "wishlists", "carts", "removals", "purchases"), 0),
    "purchased_quantity": 0,
    "revenue": 0.0,
    "first_open_seconds": None,
    "left_out": "",
}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_page_is_a_row_a_product_with_what_was_known_of_it(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2", query="Red  lamp")
    first, second = rows(joined(tmp_path, scene))
    assert first == {
        "query_id": search.partition(".")[0],
        "query_hash": query_hash("red lamp"),
        "visitor_id": "ann",
        "session_id": "",
        "user_id": "",
        "experiment_ids": ["e1"],
        "event_time": datetime.fromtimestamp(NOON, UTC),
        "position": 1,
        "product_id": "p1",
        "relevance_score": 1.0,
        "snapshot_version": "s1",
        "bundle_version": "",
        "arm": "",
        "placement": "",
        "propensity": None,
        **NOTHING_DONE,
        "feature.bm25": 1.0,
        "feature.dense": pytest.approx(1.1),
    }
    assert (second["product_id"], second["position"], second["feature.bm25"]) == ("p2", 2, 2.0)


def test_what_is_done_counts_for_its_product(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    for after, action in enumerate(("view", "click", "wishlist", "add_to_cart", "remove_from_cart"), 1):
        scene.does(action, "p2", query=search, at=NOON + 2.5 * after)
    found = row(joined(tmp_path, scene), "p2")
    assert [found[name] for name in ("views", "clicks", "wishlists", "carts", "removals")] == [1] * 5
    assert found["first_open_seconds"] == 2.5
    assert row(joined(tmp_path, scene), "p1")["views"] == 0


@pytest.mark.parametrize(("minutes", "clicks"), [(30, 1), (30.001, 0)])
def test_a_click_counts_for_half_an_hour(tmp_path: Path, scene: Scene, minutes: float, clicks: int) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + minutes * MINUTE)
    found = row(joined(tmp_path, scene), "p1")
    assert (found["clicks"], found["left_out"]) == (clicks, "" if clicks else "out_of_window")


@pytest.mark.parametrize(("days", "purchases"), [(7, 1), (7.0001, 0)])
def test_a_purchase_counts_for_a_week(tmp_path: Path, scene: Scene, days: float, purchases: int) -> None:
    search = scene.page(1, "p1")
    scene.does("purchase", "p1", query=search, at=NOON + days * DAY)
    assert row(joined(tmp_path, scene), "p1")["purchases"] == purchases


def test_each_line_of_an_order_counts_for_its_own_product(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2", "p3")
    scene.does("purchase", "p1", "p2", "p2", query=search, at=NOON + HOUR, quantity=2, price=5.0)
    tables = joined(tmp_path, scene)
    bought = [(each["purchases"], each["purchased_quantity"], each["revenue"]) for each in rows(tables)]
    assert bought == [(1, 2, 10.0), (1, 4, 20.0), (0, 0, 0.0)]


def test_an_order_with_lines_of_several_searches_counts_for_each_search(tmp_path: Path, scene: Scene) -> None:
    """As a checkout sends it: one event per search.

    A line that its search did not show does not count.
    """
    lamps = scene.page(1, "p1", "p2")
    chairs = scene.page(2, "p3", query="chair")
    scene.does("purchase", "p1", "p3", query=lamps, at=NOON + DAY, event_id="order-1/1")
    scene.does("purchase", "p3", query=chairs, at=NOON + DAY, event_id="order-1/2")
    tables = joined(tmp_path, scene)
    assert {each["product_id"]: each["purchases"] for each in rows(tables)} == {"p1": 1, "p2": 0, "p3": 1}
    assert counts(tmp_path)["join.left_out.not_shown"] == 1


def test_what_was_opened_and_not_shown_is_a_row_without_a_position(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    scene.does("click", "p9", query=search, at=NOON + MINUTE)
    scene.does("view", "p8", query=search, at=NOON + MINUTE, visitor="bob")
    scene.does("add_to_cart", "p7", query=search, at=NOON + MINUTE)
    found = rows(joined(tmp_path, scene))
    assert [(each["product_id"], each["position"]) for each in found] == [("p1", 1), ("p2", 2), ("p9", 0)]
    assert found[2]["clicks"] == 1
    assert found[2]["relevance_score"] is None
    assert found[2]["feature.bm25"] is None
    assert counts(tmp_path)["join.left_out.not_shown"] == 2


def test_the_same_event_counts_once(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    for _ in range(3):
        scene.does("click", "p1", query=search, at=NOON + 1, event_id="once")
    assert row(joined(tmp_path, scene), "p1")["clicks"] == 1
    assert counts(tmp_path)["join.repeated"] == 2


def test_an_event_may_come_before_its_page(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON + 1)
    scene.records.reverse()
    assert row(joined(tmp_path, scene), "p1")["clicks"] == 1


def test_what_another_visitor_does_does_not_count(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    scene.does("click", "p1", query=search, at=NOON + 1, visitor="bob")
    scene.does("click", "p2", query=search, at=NOON + 2, visitor="bob")
    scene.does("click", "p2", query=search, at=NOON + 3)
    tables = joined(tmp_path, scene)
    found = [(each["clicks"], each["left_out"]) for each in rows(tables)]
    assert found == [(0, "other_visitor"), (1, "")]
    assert counts(tmp_path)["join.left_out.other_visitor"] == 2
    assert counts(tmp_path)["join.joined"] == 1


def test_on_a_page_of_nobody_all_count(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", visitor="")
    scene.does("click", "p1", query=search, at=NOON + 1, visitor="bob")
    assert row(joined(tmp_path, scene), "p1")["clicks"] == 1


def test_of_a_visitor_who_does_too_much_in_a_day_nothing_counts(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    for second in range(4):
        scene.does("click", "p1", query=search, at=NOON + second)
    found = rows(joined(tmp_path, scene, max_daily_interactions=3))
    assert [(each["clicks"], each["left_out"]) for each in found] == [(0, "too_active")] * 2


def test_who_becomes_too_active_later_takes_back_what_counted(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1")
    scene.does("click", "p1", query=search, at=NOON)
    assert row(joined(tmp_path, scene, max_daily_interactions=1), "p1")["clicks"] == 1
    other = scene.page(2, "p2", at=NOON + 1)
    scene.does("click", "p2", query=other, at=NOON + 2)
    assert row(joined(tmp_path, scene, max_daily_interactions=1), "p1")["left_out"] == "too_active"


def test_pages_of_one_search_are_rows_of_it(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    scene.page(1, "p3", "p4", at=NOON + 20, first=3, searched=NOON)
    scene.does("click", "p3", query=search, at=NOON + 25)
    tables = joined(tmp_path, scene)
    assert len({each["query_id"] for each in rows(tables)}) == 1
    assert [each["position"] for each in rows(tables)] == [1, 2, 3, 4]
    assert row(tables, "p3")["first_open_seconds"] == 5.0
    assert counts(tmp_path)["join.joined"] == 1


def test_a_product_on_two_pages_is_clicked_on_the_one_shown_last(tmp_path: Path, scene: Scene) -> None:
    search = scene.page(1, "p1", "p2")
    scene.page(1, "p2", at=NOON + 20, first=3, searched=NOON)
    scene.does("click", "p2", query=search, at=NOON + 25)
    clicks = [each["clicks"] for each in rows(joined(tmp_path, scene)) if each["product_id"] == "p2"]
    assert clicks == [0, 1]


def test_a_page_that_is_shown_again_is_one_page(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1")
    scene.page(1, "p1", at=NOON + 30, searched=NOON)
    [only] = rows(joined(tmp_path, scene))
    assert only["event_time"] == datetime.fromtimestamp(NOON, UTC)


def test_events_of_no_search_are_not_joined(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1")
    scene.does("click", "p1", query="", at=NOON + 1)
    scene.does("click", "p1", query="", at=NOON + 1, unverified="made up")
    assert row(joined(tmp_path, scene), "p1")["clicks"] == 0
    found = counts(tmp_path)
    assert (found["join.no_query"], found["join.unverified_query"]) == (1, 1)


def test_a_day_is_by_utc_and_has_the_features_of_all_its_pages(tmp_path: Path, scene: Scene) -> None:
    midnight = NOON + 12 * HOUR
    scene.page(1, "p1", at=midnight - 1, features=("bm25",))
    scene.page(2, "p2", at=midnight - 0.5, features=("price", "bm25"))
    scene.page(3, "p3", at=midnight, features=())
    tables = joined(tmp_path, scene)
    assert [str(day) for day in tables.days()] == ["2026-11-02", "2026-11-03"]
    first = tables.read(FIRST_DAY, FIRST_DAY).to_pylist()
    assert [(each["feature.bm25"], each["feature.price"]) for each in first] == [
        (1.0, None),
        (pytest.approx(1.1), 1.0),
    ]
    assert row(tables, "p3")["feature.bm25"] is None
    only_clicks = tables.read(FIRST_DAY, FIRST_DAY, ["clicks", "product_id"])
    assert only_clicks.schema.names == ["clicks", "product_id"]


def test_a_long_page_has_features_of_its_first_products_only(tmp_path: Path, scene: Scene) -> None:
    searched = scene.page(1, "p1", "p2", "p3", known=2)
    scene.does("click", "p3", query=searched, at=NOON + 1)
    tables = joined(tmp_path, scene)
    assert [each["feature.bm25"] for each in rows(tables)] == [1.0, 2.0, None]
    assert row(tables, "p3")["clicks"] == 1


def test_what_cannot_be_read_holds_up_nothing(tmp_path: Path, scene: Scene) -> None:
    scene.page(1, "p1")
    scene._add("aisle.user-events", "ann", b"\xff\xff", NOON)
    scene.page(2, "p2")
    assert len(rows(joined(tmp_path, scene))) == 2
    assert counts(tmp_path)["join.unreadable"] == 1
