"""A native library's first use is made by one thread at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.first_use import used_once
from tests.first_use import LONG_SECONDS, waits_for_another


def test_what_is_made_has_been_used_when_another_thread_gets_it() -> None:
    made: list[str] = []
    assert used_once(lambda: made, lambda item: item.append("used")) == ["used"]


def test_one_thread_at_a_time_uses_a_library_for_the_first_time() -> None:
    assert waits_for_another(lambda: used_once(lambda: 1, lambda item: item + 1))


def test_what_fails_at_its_first_use_holds_up_nobody() -> None:
    with pytest.raises(ZeroDivisionError):
        used_once(lambda: 0, lambda item: 1 / item)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(used_once, lambda: 1, lambda item: 1 / item).result(LONG_SECONDS) == 1
