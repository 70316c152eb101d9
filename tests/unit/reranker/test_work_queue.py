import asyncio
import threading

import pytest

from services.reranker.deadline import Deadline
from services.reranker.work_queue import WorkQueue
from shared.errors import Overloaded

UNLIMITED = Deadline.after(0)


async def test_calls_run_one_after_the_other_off_the_event_loop() -> None:
    work_queue = WorkQueue(workers=1, max_waiting=10)
    threads = await asyncio.gather(*(work_queue.run(threading.get_ident, UNLIMITED) for _ in range(5)))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads
    work_queue.close()


async def test_a_call_that_would_wait_past_its_deadline_is_refused_at_once() -> None:
    work_queue = WorkQueue(workers=1, max_waiting=10, guess_ms=50)
    gate = threading.Event()
    running = asyncio.create_task(work_queue.run(gate.wait, UNLIMITED))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="1 requests wait already"):
        await work_queue.run(lambda: True, Deadline.after(20))
    gate.set()
    assert await running
    work_queue.close()


async def test_a_full_queue_refuses_even_those_that_have_time() -> None:
    work_queue = WorkQueue(workers=1, max_waiting=1)
    gate = threading.Event()
    admitted = [asyncio.create_task(work_queue.run(gate.wait, UNLIMITED)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await work_queue.run(lambda: True, UNLIMITED)
    gate.set()
    assert await asyncio.gather(*admitted) == [True, True]
    work_queue.close()


async def test_a_refused_or_failed_call_takes_no_place() -> None:
    work_queue = WorkQueue(workers=1, max_waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await work_queue.run(lambda: 1 // 0, UNLIMITED)
    assert await work_queue.run(lambda: 7, UNLIMITED) == 7
    work_queue.close()
