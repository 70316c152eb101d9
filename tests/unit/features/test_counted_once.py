import struct

import pytest

from shared.features.counted_once import (
    RECENT_OFFSETS,
    REMEMBERED_DAYS,
    CountedOnce,
    check,
    names_of,
    size_at,
)
from shared.features.evidence import LATE, REPEATED, TOO_MANY
from shared.features.frequency import Frequency

TODAY = 20_000
NAMES = names_of(TODAY, 5, 1, ["p1", "p2", "p3"])


def stored(once: CountedOnce) -> CountedOnce:
    return CountedOnce(once.encoded())


def test_a_name_counts_once_and_a_record_that_comes_again_finds_what_it_counted() -> None:
    once = CountedOnce()
    assert once.take(7, (TODAY, TODAY), NAMES[:2], most=10) == ([True, True], "")
    assert once.take(8, (TODAY, TODAY), NAMES, most=10) == ([False, False, True], REPEATED)
    again = stored(once)
    assert again.taken(7, NAMES[:2]) == [True, True]
    assert again.taken(8, NAMES) == [False, False, True]
    assert again.taken(9, NAMES) == [False] * 3
    assert again.take(9, (TODAY, TODAY), NAMES, most=10) == ([False] * 3, REPEATED)


def test_no_more_than_so_many_names_count_a_day() -> None:
    once = stored(CountedOnce())
    assert once.take(1, (TODAY, TODAY), NAMES, most=2) == ([True, True, False], TOO_MANY)
    assert stored(once).take(2, (TODAY, TODAY), NAMES[2:], most=2) == ([False], TOO_MANY)
    tomorrow = names_of(TODAY + 1, 5, 1, ["p3"])
    assert once.take(3, (TODAY + 1, TODAY + 1), tomorrow, most=2) == ([True], "")


def test_what_happened_before_the_days_remembered_is_late_whenever_it_is_forgotten() -> None:
    for keep in (stored, lambda once: once):
        once = CountedOnce()
        once.take(1, (TODAY, TODAY), NAMES[:1], most=10)
        newest = TODAY + REMEMBERED_DAYS + 1
        once.take(2, (newest, newest), NAMES[1:2], most=10)
        assert keep(once).take(3, (TODAY, newest), NAMES, most=10) == ([False] * 3, LATE)
        assert keep(once).take(3, (TODAY + 1, TODAY + 1), NAMES[2:], most=10) == ([True], "")


def test_a_day_that_is_past_is_forgotten_once_its_records_can_no_longer_come_again() -> None:
    once = CountedOnce()
    once.take(1, (TODAY, TODAY), NAMES[:2], most=10)
    newest = TODAY + REMEMBERED_DAYS + 1
    once.take(RECENT_OFFSETS, (newest, newest), NAMES[2:], most=10)
    assert stored(once).taken(1, NAMES[:2]) == [True, True]
    once.take(RECENT_OFFSETS + 1, (newest, newest), names_of(newest, 0, 1, ["p9"]), most=10)
    assert stored(once).taken(1, NAMES[:2]) == [False, False]


def test_names_differ_by_day_query_action_and_product() -> None:
    subjects = [(TODAY, 5, 1), (TODAY + 1, 5, 1), (TODAY, 6, 1), (TODAY, 5, 2)]
    names = [name for subject in subjects for name in names_of(*subject, ["p1", "p2"])]
    assert len(set(names)) == 8


def test_a_value_says_how_long_it_is_and_a_damaged_one_is_refused() -> None:
    once = CountedOnce()
    once.take(1, (TODAY, TODAY), NAMES, most=10)
    encoded = once.encoded()
    assert size_at(b"xx" + encoded + b"rest", 2) == len(encoded)
    check(encoded)
    with pytest.raises((ValueError, struct.error)):
        check(encoded[:-3])


def test_an_untouched_value_stays_as_it_is() -> None:
    assert CountedOnce().encoded() == CountedOnce(CountedOnce().encoded()).encoded()


def test_so_many_are_let_in_a_minute_and_a_day_by_the_clock_of_the_log() -> None:
    often = Frequency()
    minutes = [often.admit(60 * minute + n, 3, 5) for minute in (100, 101, 102) for n in range(4)]
    assert minutes == [True] * 3 + [False] + [True] * 2 + [False] * 6
    again = Frequency(often.encoded())
    assert not again.admit(60 * 102 + 59, 3, 5)
    assert again.admit(86_400.0, 3, 5)
    assert not [again.admit(60 * 100.0, 3, 5) for _ in range(3)][-1]  # a clock that went back
