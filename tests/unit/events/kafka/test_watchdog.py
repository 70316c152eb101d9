import logging

import pytest

from shared.errors import Unavailable
from shared.events.kafka.watchdog import Watchdog


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog("the reader of t", look_seconds=10)


def test_it_looks_after_seconds_without_a_record(watchdog: Watchdog) -> None:
    assert [watchdog.is_due(4) for _ in range(3)] == [False, False, True]
    watchdog.moved()
    assert not watchdog.is_due(9)


def test_a_reader_at_the_end_is_never_stuck(watchdog: Watchdog) -> None:
    assert not any(watchdog.is_stuck(0) for _ in range(5))
    assert watchdog.waiting_for == ""


def test_a_reader_that_is_behind_says_so_and_begins_anew_at_the_second_look(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    assert not watchdog.is_stuck(1_234)
    assert watchdog.waiting_for == ("the reader of t is behind by 1,234 records and gets none; it reconnects")
    assert watchdog.is_stuck(1_300)
    assert [watchdog.is_stuck(2_000) for _ in range(4)] == [False, True, False, True]
    assert len(caplog.records) == 1  # the rest is the same trouble


def test_it_is_well_again_once_a_record_comes(watchdog: Watchdog, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watchdog.is_stuck(5)
    watchdog.moved()
    assert watchdog.waiting_for == ""
    assert not watchdog.is_stuck(5)
    assert [record.message for record in caplog.records][1] == "the reader of t continues"


def test_a_log_that_cannot_be_reached_is_told_until_it_answers(watchdog: Watchdog) -> None:
    watchdog.unreachable(Unavailable("Kafka is away"))
    assert watchdog.waiting_for == "Kafka is away"
    watchdog.is_due(0.5)
    assert watchdog.waiting_for == ""
