import asyncio
import threading
import time

import pytest

from shared import threads
from shared.caller import PATIENT, Caller, CallerLeft, in_thread
from shared.stage import Late, Stage


def test_work_goes_on_while_somebody_waits_and_ends_once_nobody_does() -> None:
    caller = Caller()
    caller.check()
    caller.leave()
    with pytest.raises(CallerLeft):
        caller.check()
    PATIENT.check()


async def test_a_thread_answers_its_caller() -> None:
    def work(caller: Caller) -> str:
        caller.check()
        return "answer"

    assert await in_thread(work) == "answer"


async def test_a_native_panic_in_a_thread_is_an_error() -> None:
    class Panic(BaseException):
        """As Rust's panics arrive: no Exception."""

    def work(_: Caller) -> None:
        raise Panic("limit must be greater than 0")

    with pytest.raises(RuntimeError, match="panicked: limit must be"):
        await in_thread(work)


async def test_a_thread_stops_soon_after_its_callers_deadline() -> None:
    stopped = threading.Event()

    def work(caller: Caller) -> None:
        try:
            while True:
                caller.check()
                time.sleep(0.001)
        except CallerLeft:
            stopped.set()
            raise

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await in_thread(work)
    assert await asyncio.to_thread(stopped.wait, 10)


async def test_in_a_process_that_works_in_turn_work_ends_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "_in_turn", True)
    steps = 0

    def work(caller: Caller) -> None:
        nonlocal steps
        assert threading.current_thread() is threading.main_thread()
        while True:
            caller.check()
            steps += 1
            time.sleep(0.001)

    stage = Stage("lists")
    with pytest.raises(Late, match="lists: deadline"):
        await stage.run(lambda: in_thread(work), 20)
    assert 0 < steps <= 20
    assert await in_thread(lambda caller: "answer") == "answer"
