"""A long silence is named: what is under way, its last step, and what the threads are in."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared import watchdog
from shared.thread_stacks import thread_stacks
from shared.watchdog import Watchdog

ROOT = Path(__file__).resolve().parents[3]
_LONG = 60


class Hours:
    """A clock that a test sets, and a watchdog whose own thread never looks."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reports = list[str]()
        self.watchdog = Watchdog(1e6, self.reports.append, lambda: self.now)

    def after(self, seconds: float) -> list[str]:
        """What is reported at a look so much later."""
        self.now += seconds
        self.reports.clear()
        self.watchdog.look()
        return [report.partition(". The threads")[0] for report in self.reports]


def test_work_that_moves_is_not_named() -> None:
    hours = Hours()
    with hours.watchdog.watching("indexing"):
        for _ in range(3):
            assert hours.after(0.9e6) == []
            hours.watchdog.progress("another product")
    assert hours.after(9e6) == []


def test_silent_work_is_named_with_its_last_step_and_again_after_twice_the_time() -> None:
    hours = Hours()
    with hours.watchdog.watching("indexing"):
        hours.watchdog.progress("5 of 9 products encoded")
        assert hours.after(1.1e6) == [
            "indexing: nothing has moved for 1100000 s; its last step: 5 of 9 products encoded"
        ]
        assert hours.after(0.5e6) == []
        assert len(hours.after(1e6)) == 1


def test_a_silent_part_is_named_and_moves_the_whole() -> None:
    hours = Hours()
    with hours.watchdog.watching("the start"):
        with hours.watchdog.watching("opening a snapshot"):
            assert hours.after(1.1e6) == ["opening a snapshot: nothing has moved for 1100000 s"]
        assert hours.after(0.9e6) == []
        assert hours.after(0.2e6) == ["the start: nothing has moved for 1100000 s"]


def test_work_in_another_thread_is_named_though_this_one_moves() -> None:
    hours = Hours()
    begun = threading.Event()
    ended = threading.Event()

    def work() -> None:
        with hours.watchdog.watching("elsewhere"):
            begun.set()
            ended.wait(_LONG)

    with ThreadPoolExecutor(1) as thread, hours.watchdog.watching("here"):
        thread.submit(work)
        assert begun.wait(_LONG)
        hours.now += 0.9e6
        hours.watchdog.progress()
        assert hours.after(0.2e6) == ["elsewhere: nothing has moved for 1100000 s"]
        ended.set()


async def test_progress_in_a_thread_of_asyncio_counts_for_the_task() -> None:
    hours = Hours()
    with hours.watchdog.watching("the start"):
        hours.now += 0.9e6
        await asyncio.to_thread(hours.watchdog.progress, "off the loop")
        assert hours.after(0.9e6) == []


def test_progress_of_nothing_is_allowed() -> None:
    watchdog.progress("nobody watches")


def test_the_stacks_name_what_a_thread_waits_in_and_leave_out_idle_executors() -> None:
    begun = threading.Event()
    ended = threading.Event()

    def wait_for_the_test() -> None:
        begun.set()
        ended.wait(_LONG)

    with ThreadPoolExecutor(1, "idle") as idle:
        idle.submit(int).result()
        waiting = threading.Thread(target=wait_for_the_test, name="waiting")
        waiting.start()
        assert begun.wait(_LONG)
        stacks = thread_stacks()
        ended.set()
        waiting.join()
    line = next(line for line in stacks.splitlines() if line.startswith("  waiting: "))
    assert "wait_for_the_test (test_watchdog.py:" in line
    assert "idle" not in stacks


def _said(block: str, silence_seconds: float = 1) -> str:
    """What a process says while the block runs under a watchdog."""
    code = f"""
import ctypes, time
from shared import watchdog

with watchdog.Watchdog({silence_seconds}).watching('a block'):
    {block}
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return finished.stderr


def test_a_process_names_its_silence_by_itself() -> None:
    said = _said("time.sleep(1)", silence_seconds=0.1)
    assert "a block: nothing has moved for " in said
    assert "MainThread: <module>" in said


def test_a_library_that_holds_the_interpreter_is_named_too() -> None:
    # Called without letting go of the interpreter
    said = _said("ctypes.PyDLL(None).sleep(1)", silence_seconds=0.1)
    assert "Timeout (0:00:00.1" in said
    assert 'File "<string>", line 6 in <module>' in said


@pytest.mark.parametrize("block", ["pass", "time.sleep(0.3)"])
def test_a_short_block_says_nothing(block: str) -> None:
    assert _said(block) == ""
