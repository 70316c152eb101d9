"""Work in threads, and on the event loop of a process that works in turn."""

import threading

import pytest

from shared import threads
from shared.threads import Threads


class _Panic(BaseException):
    """As Rust's panics arrive: no Exception."""


def _fail() -> None:
    raise ValueError("no")


def _panic() -> None:
    raise _Panic("limit must be greater than 0")


@pytest.mark.parametrize("in_turn", [False, True])
async def test_results_and_errors_come_back_either_way(
    monkeypatch: pytest.MonkeyPatch, in_turn: bool
) -> None:
    monkeypatch.setattr(threads, "_in_turn", in_turn)
    some = Threads(1, "some")
    assert (await some.run(threading.current_thread) is threading.main_thread()) == in_turn
    assert (some.begin(threading.current_thread).result() is threading.main_thread()) == in_turn
    with pytest.raises(ValueError, match="no"):
        await some.run(_fail)
    with pytest.raises(ValueError, match="no"):
        some.begin(_fail).result()
    some.close()


@pytest.mark.parametrize("in_turn", [False, True])
async def test_a_native_panic_is_an_error_of_the_work(monkeypatch: pytest.MonkeyPatch, in_turn: bool) -> None:
    monkeypatch.setattr(threads, "_in_turn", in_turn)
    some = Threads(1, "some")
    with pytest.raises(RuntimeError, match="panicked: limit must be"):
        await some.run(_panic)
    with pytest.raises(RuntimeError, match="panicked: limit must be"):
        some.begin(_panic).result()
    some.close()
