import math

import numpy as np
import pytest

from services.feedback.feature_writer import FeatureWriter
from shared.features import spec
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Observation
from shared.features.page import read_page
from shared.features.scope import PageRequest
from shared.features.scopes import COLUMNS
from shared.features.scopes.product import IDLE_DAYS, product_columns
from shared.features.scopes.query import query_columns, unasked_columns
from shared.features.scopes.visitor import SESSION_WEIGHT, VISITOR_WEIGHT
from shared.features.time_windows import TimeWindows
from tests.unit.feedback.observations import DAY, did, shown

MIDNIGHT = 20_000 * DAY
NOON = MIDNIGHT + DAY / 2
QUERY = 12345


async def columns(
    *told: Observation,
    now: float = NOON,
    products: tuple[str, ...] = ("p1", "p2"),
    session_id: str = "",
) -> dict[str, list[float]]:
    """The columns that ranking reads, as lists."""
    store = MemoryFeatureStore()
    await FeatureWriter(store, "").apply(told)
    request = PageRequest(products, "red shoe", "v1", session_id)
    made = (await read_page(store, request, now)).columns(least_visitors=1)
    return {name: column.tolist() for name, column in made.items()}


def clicks(count: int, days_ago: float, first_offset: int = 1) -> list[Observation]:
    """Clicks of one visitor each."""
    offsets = range(first_offset, first_offset + count)
    return [did("click", "p1", offset=n, at=NOON - days_ago * DAY, visitor_id=f"v{n}") for n in offsets]


async def test_every_column_of_the_spec_is_there_and_no_other() -> None:
    assert set(await columns()) == set(COLUMNS)


async def test_a_product_nobody_knows_has_zeros_and_no_rates() -> None:
    made = await columns()
    rates = {name for name in COLUMNS if "_rate_" in name} | {IDLE_DAYS, "query_idle_days"}
    assert all(np.isnan(made[name]).all() for name in rates)
    assert all(made[name] == [0, 0] for name in set(COLUMNS) - rates)


@pytest.mark.parametrize(
    ("days_ago", "day", "week", "month"),
    [
        (0, 4, 4, 4),
        (1, 2, 4, 4),  # at noon half of yesterday is less than a day ago
        (2, 0, 4, 4),
        (6, 0, 4, 4),
        (7, 0, 2, 4),
        (8, 0, 0, 4),
        (29, 0, 0, 4),
        (30, 0, 0, 2),
        (31, 0, 0, 0),
    ],
)
async def test_a_window_has_its_days(days_ago: int, day: float, week: float, month: float) -> None:
    made = await columns(*clicks(4, days_ago))
    found = [made[f"product_opens_{days}d"][0] for days in spec.WINDOW_DAYS]
    assert found == pytest.approx([math.log1p(count) for count in (day, week, month)])


async def test_a_window_moves_with_the_clock() -> None:
    told = clicks(8, days_ago=0)
    before, after = [
        (await columns(*told, now=NOON + later))["product_opens_1d"][0] for later in (0, 0.75 * DAY)
    ]
    assert (before, after) == pytest.approx((math.log1p(8), math.log1p(0.75 * 8)))


async def test_a_clock_that_is_ahead_counts_for_today() -> None:
    assert (await columns(*clicks(3, days_ago=-1)))["product_opens_1d"][0] == pytest.approx(math.log1p(3))


async def test_what_is_older_than_all_windows_is_in_the_total() -> None:
    told = [
        did("purchase", "p1", offset=1, at=NOON - 300 * DAY),
        did("purchase", "p1", offset=2, at=NOON),
    ]
    made = await columns(*told)
    assert made["product_purchases_total"][0] == pytest.approx(math.log1p(2))
    assert made["product_purchases_30d"][0] == pytest.approx(math.log1p(1))


async def test_a_product_that_is_clicked_and_viewed_was_opened_once() -> None:
    told = [did("click", "p1", offset=1, at=NOON), did("view", "p1", offset=2, at=NOON)]
    assert (await columns(*told))["product_opens_1d"][0] == pytest.approx(math.log1p(1))


async def test_a_product_named_twice_in_one_event_counts_once() -> None:
    assert (await columns(did("purchase", "p1", "p1", offset=1, at=NOON)))["product_purchases_7d"][
        0
    ] == pytest.approx(math.log1p(1))


async def test_days_without_anything_done_are_idle_and_being_shown_is_nothing_done() -> None:
    told = [*clicks(1, days_ago=5), shown("p1", "p2", offset=1, at=NOON)]
    idle = (await columns(*told))[IDLE_DAYS]
    assert idle[0] == 5 and math.isnan(idle[1])


def shown_often(shows: int, opens: int, product: str, offset: int) -> list[Observation]:
    """Pages, each shown to another visitor."""
    common = {"at": NOON, "query_hash": QUERY}
    places = [{"offset": offset + n, "visitor_id": f"v{offset + n}"} for n in range(shows)]
    pages = [shown(product, **place, **common) for place in places]
    return [*pages, *(did("click", product, **place, **common) for place in places[:opens])]


async def test_a_rate_is_drawn_to_the_usual_one_when_little_was_shown() -> None:
    told = [*shown_often(1, 1, "p1", 1), *shown_often(199, 19, "p2", 10)]
    lucky, steady = (await columns(*told))["product_open_rate_30d"]
    usual = 20 / 200
    assert lucky == pytest.approx((1 + 20 * usual) / 21)
    assert steady == pytest.approx((19 + 20 * usual) / 219)


async def test_visits_from_elsewhere_make_no_rate_above_one() -> None:
    told = [shown("p1", offset=1, at=NOON), *clicks(50, days_ago=0)]
    assert (await columns(*told))["product_open_rate_30d"][0] == pytest.approx(1)


def test_a_rate_under_a_query_begins_at_the_products_own() -> None:
    products = np.zeros((4, 7, 2), np.float32)
    under_query = np.zeros((4, 7, 2), np.float32)
    products[spec.MONTH, spec.SHOWN] = 1_000_000
    products[spec.MONTH, spec.PURCHASE] = 500_000, 0
    under_query[spec.MONTH, spec.SHOWN, 1] = 20
    under_query[spec.MONTH, spec.PURCHASE, 1] = 20
    idle = np.zeros(2, np.float32)
    made = query_columns(TimeWindows(under_query, idle), product_columns(TimeWindows(products, idle)))
    assert made["query_purchase_rate_30d"] == pytest.approx([0.5, 0.5], abs=1e-3)


async def test_what_followed_from_a_query_counts_for_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.features.scopes.query.query_hash", lambda query: QUERY)
    told = [
        did("click", "p1", offset=1, at=NOON, query_hash=QUERY),
        did("click", "p2", offset=2, at=NOON, query_hash=9),
    ]
    made = await columns(*told)
    assert made["query_opens_1d"] == pytest.approx([math.log1p(1), 0])
    assert made["product_opens_1d"] == pytest.approx([math.log1p(1)] * 2)


async def test_the_visitors_own_products_have_their_weight_and_those_of_the_session_apart() -> None:
    told = [
        did("click", "p1", offset=1, at=NOON, session_id="s1"),
        did("add_to_cart", "p2", offset=2, at=NOON, session_id="s2"),
        did("purchase", "p3", offset=3, at=NOON, visitor_id="v2", session_id="s2"),
    ]
    made = await columns(*told, products=("p1", "p2", "p3"), session_id="s2")
    assert made[VISITOR_WEIGHT] == pytest.approx([1, 3, 0])
    assert made[SESSION_WEIGHT] == pytest.approx([0, 3, 0])
    assert (await columns(*told))[SESSION_WEIGHT] == [0, 0]


async def test_an_action_of_another_version_counts_nothing_and_harms_nothing() -> None:
    made = await columns(did("share", "p1", offset=1, at=NOON), *clicks(1, days_ago=0, first_offset=2))
    assert made["product_opens_1d"][0] == pytest.approx(math.log1p(1))


async def test_no_candidates_have_no_columns_of_length() -> None:
    assert {len(column) for column in (await columns(*clicks(1, 0), products=())).values()} == {0}


def test_a_query_without_actions_has_the_columns_of_one_whose_counts_are_all_zero() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (len(spec.WINDOW_DAYS) + 1, spec.COUNTERS, 3))
    idle = np.array([0, 3, np.nan], np.float32)
    own = product_columns(TimeWindows(counts.astype(np.float32), idle))
    made = unasked_columns(3, own)
    counted = query_columns(TimeWindows.of_query(None, ["a", "b", "c"], NOON), own)
    assert made.keys() == counted.keys()
    for name, column in counted.items():
        np.testing.assert_allclose(made[name], column, rtol=1e-6, err_msg=name)
