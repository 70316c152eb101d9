import struct

from shared.features.counters import MAX_NAMES, Counters, Increment, day_of, parts
from shared.features.spec import CLICK, KEPT_DAYS, SHOWN

Cell = tuple[str, int, int]  # name, day, counter


def cells(value: bytes) -> dict[Cell, int]:
    names, entries = parts(value)
    named = [name.decode() for name in names] or [""]
    unpacked = struct.iter_unpack("<BBHI", entries)
    return {(named[place], day, counter): count for counter, place, day, count in unpacked}


def counted(*increments: Increment, value: bytes | None = None) -> bytes:
    counters = Counters(value)
    counters.add(increments)
    return counters.encoded()


def on(day: int, *names: str, offset: int, counter: int = CLICK) -> Increment:
    return Increment((0, 0), offset, day, names or ("",), counter)


def test_a_count_is_of_its_day_and_of_all_time() -> None:
    value = counted(on(100, offset=1), on(100, offset=2), on(101, offset=3), on(101, offset=4, counter=SHOWN))
    assert cells(value) == {
        ("", 0, CLICK): 3,
        ("", 100, CLICK): 2,
        ("", 101, CLICK): 1,
        ("", 0, SHOWN): 1,
        ("", 101, SHOWN): 1,
    }


def test_a_value_grows_only_by_what_is_new() -> None:
    once = counted(on(100, offset=1), on(100, offset=2))
    assert counted(on(100, offset=1), on(100, offset=2), value=once) == once
    assert cells(counted(on(100, offset=2), on(100, offset=3), value=once))["", 0, CLICK] == 3


def test_the_same_offset_of_another_partition_is_another_record() -> None:
    elsewhere = Increment((0, 1), 1, 100, ("",), CLICK)
    assert cells(counted(on(100, offset=1), elsewhere))["", 100, CLICK] == 2


def test_days_beyond_the_longest_window_stay_in_the_total_whenever_they_come() -> None:
    newest = 1_000
    old = on(newest - KEPT_DAYS - 1, offset=1)
    edge = on(newest - KEPT_DAYS, offset=2)
    new = on(newest, offset=3)
    in_order = cells(counted(old, edge, new))
    assert in_order == {
        ("", 0, CLICK): 3,
        ("", newest - KEPT_DAYS, CLICK): 1,
        ("", newest, CLICK): 1,
    }
    late = Increment((0, 1), 1, newest - KEPT_DAYS - 1, ("",), CLICK)
    assert cells(counted(edge, new, late)) == in_order


def test_each_product_of_a_query_has_its_own_counts() -> None:
    value = counted(on(100, "p2", "p1", offset=1), on(100, "p1", offset=2))
    assert {cell: count for cell, count in cells(value).items() if cell[1]} == {
        ("p1", 100, CLICK): 2,
        ("p2", 100, CLICK): 1,
    }


def test_a_query_keeps_a_bounded_number_of_products_and_those_that_matter() -> None:
    counters = Counters()
    counters.add([on(100, *(f"old{number}" for number in range(MAX_NAMES - 1)), offset=1, counter=SHOWN)])
    counters.add([on(101, "wanted", offset=2), on(101, "late", offset=3)])
    names = {name for name, _, _ in cells(counters.encoded())}
    assert {"wanted", "late"} <= names
    assert len(names) == MAX_NAMES // 2 + 1


def test_a_count_that_is_full_stays_full() -> None:
    full = counted(on(100, offset=1))[: -len(parts(counted(on(100, offset=1)))[1])]
    entries = struct.pack("<IIII", CLICK, 0xFFFF_FFFF, 100 << 16 | CLICK, 0xFFFF_FFFF)
    assert set(cells(counted(on(100, offset=2), value=full + entries)).values()) == {0xFFFF_FFFF}


def test_the_first_day_of_all_is_not_taken_for_the_total() -> None:
    assert (day_of(0), day_of(86_400 * 3.5), day_of(1e12)) == (1, 3, 0xFFFF)
