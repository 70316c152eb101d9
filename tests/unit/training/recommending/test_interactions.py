from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from services.training.recommending.interaction_tables import COLUMNS, from_tables
from services.training.recommending.interactions import OPEN, PURCHASE, Interactions, distinct_rows

_TIME = datetime(2026, 11, 1, 12, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def _row(**given: Any) -> dict[str, Any]:
    row = {name: "" for name in COLUMNS} | {"visitor_id": "v", "product_id": "p", "action": "view"}
    return row | {"price": None, "event_time": _TIME, "event_id": "e"} | given


def _table(*rows: dict[str, Any]) -> pa.Table:
    times = pa.field("event_time", pa.timestamp("us", tz="UTC"))
    fields = [times if name == "event_time" else pa.field(name, pa.string()) for name in COLUMNS]
    fields[COLUMNS.index("price")] = pa.field("price", pa.float64())
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields))


def _read(table: pa.Table, counts_without_page: bool = False) -> Interactions:
    return from_tables([table], 100, counts_without_page)


def test_lines_of_known_visitors_that_count_are_read() -> None:
    table = _table(
        _row(action="purchase", price=2.5),
        _row(action="click", product_id="q"),
        _row(visitor_id=""),
        _row(left_out="too_active"),
        _row(action="remove_from_cart"),
    )
    found = _read(table, counts_without_page=True)
    assert found.kinds.tolist() == [PURCHASE, OPEN]
    assert [found.product_ids[place] for place in found.products] == ["p", "q"]
    assert found.prices[0] == 2.5
    assert np.isnan(found.prices[1])
    assert found.seconds.tolist() == [_TIME.timestamp()] * 2


def test_an_order_is_of_one_moment_and_a_visit_a_session() -> None:
    found = _read(
        _table(
            _row(action="purchase", event_id="1", product_id="a"),
            _row(action="purchase", event_id="1", product_id="b"),
            _row(action="purchase", event_id="2", product_id="a", event_time=_TIME + _SECOND),
            _row(event_id="3", session_id="s"),
            _row(event_id="4", session_id="s"),
            _row(event_id="5", session_id="s", visitor_id="w"),
            _row(event_id="6"),
        ),
        counts_without_page=True,
    )
    groups = found.groups.tolist()
    assert groups[0] == groups[1]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 5


def test_an_order_that_comes_line_by_line_is_one_order() -> None:
    found = _read(
        _table(
            _row(action="purchase", event_id="1", product_id="a"),
            _row(action="purchase", event_id="2", product_id="b", query_id="of another search"),
            _row(action="purchase", event_id="3", product_id="a", visitor_id="w"),
        )
    )
    first, second, other = found.groups.tolist()
    assert first == second != other


def test_the_newest_lines_that_count_are_read_and_no_table_after_them() -> None:
    def newest_first() -> Iterator[pa.Table]:
        yield _table(_row(product_id="d", event_time=_TIME), _row(visitor_id="", product_id="e"))
        before = _TIME - timedelta(days=1)
        yield _table(*(_row(product_id=name, event_time=before, visitor_id="u") for name in "abc"))
        raise AssertionError("read on")

    found = from_tables(newest_first(), 3, counts_without_page=True)
    assert [found.product_ids[place] for place in found.products] == ["b", "c", "d"]
    assert [found.visitor_ids[place] for place in found.visitors] == ["u", "u", "v"]


def test_a_session_over_two_days_is_one_group() -> None:
    days = [_table(_row(session_id="s", product_id=name, event_id=name)) for name in "ab"]
    event = _table(_row(event_id="s", product_id="c"))
    first, second, third = from_tables([*days, event], 9, counts_without_page=True).groups.tolist()
    assert second == third != first


def test_an_empty_table_is_no_interactions() -> None:
    assert len(_read(_table())) == 0


def test_an_open_without_a_page_of_its_visitors_does_not_count() -> None:
    table = _table(
        _row(product_id="p", query_id="q"), _row(product_id="q"), _row(product_id="r", action="purchase")
    )
    found = _read(table)
    assert [found.product_ids[place] for place in found.products] == ["p", "r"]


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(-3, 9)] * 3), max_size=40), st.booleans())
def test_distinct_rows_are_those_of_numpy(rows: list[tuple[int, int, int]], wide: bool) -> None:
    table = np.array(rows, np.int64).reshape(-1, 3).T
    if wide:
        table[0] *= 1 << 59  # no longer one number of 63 bits
    found = distinct_rows(*table)
    assert np.array_equal(np.stack(found), np.unique(table, axis=1))
