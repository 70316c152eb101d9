import asyncio
import threading
import time

import pytest

from shared.caller import PATIENT, Caller, CallerLeft, in_thread


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
