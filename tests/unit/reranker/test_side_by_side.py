from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread, current_thread, main_thread

import numpy as np
import pytest

from services.reranker.query import Matrix
from services.reranker.side_by_side import SideBySide


def rows_of(rows: slice, count: int) -> Matrix:
    return np.arange(count, dtype=np.float32)[rows]


def about_to_share(threads: int = 2, idle: object = True) -> SideBySide:
    """One that has computed a call alone, and will measure sharing next."""
    made = SideBySide(threads, idle)
    made.scores(lambda rows: rows_of(rows, 4), 4, batch=2)
    return made


class Threads:
    """A part that records the threads that compute it; two batches per call."""

    def __init__(self) -> None:
        self.met: set[Thread] = set()

    def __call__(self, rows: slice) -> Matrix:
        self.met.add(current_thread())
        return rows_of(rows, 4)

    def shared(self, side_by_side: SideBySide) -> bool:
        """Whether a second thread began a batch.

        The caller waits in the first batch to leave it one.
        """
        begun = Event()

        def part(rows: slice) -> Matrix:
            if current_thread() is main_thread():
                begun.wait(timeout=0.2)
            else:
                begun.set()
            return self(rows)

        side_by_side.scores(part, 4, batch=2)
        return begun.is_set()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 50])
def test_every_row_is_scored_once_and_in_its_place(threads: int, count: int) -> None:
    side_by_side = SideBySide(threads)
    for _ in range(3):
        parts = side_by_side.scores(lambda rows: rows_of(rows, count), count, batch=2)
        np.testing.assert_array_equal(np.concatenate(parts), np.arange(count))
        assert {len(part) for part in parts[:-1]} <= {2}


def test_two_batches_run_at_once() -> None:
    # Both threads must be inside to pass
    shared = about_to_share()
    met = Barrier(2, timeout=10)

    def part(rows: slice) -> Matrix:
        met.wait()
        return rows_of(rows, 4)

    assert len(shared.scores(part, 4, batch=2)) == 2


def test_the_caller_takes_what_a_slow_thread_has_not_begun() -> None:
    shared = about_to_share()
    mine = list[int]()
    all_else_done = Event()

    def part(rows: slice) -> Matrix:
        if current_thread() is main_thread():
            mine.append(rows.start)
            if len(mine) == 4:
                all_else_done.set()
        else:
            assert all_else_done.wait(timeout=10)
        return rows_of(rows, 10)

    parts = shared.scores(part, 10, batch=2)
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(10))
    assert mine in ([0, 8, 6, 4], [0, 8, 6, 4, 2])  # the other thread may not have begun


def test_a_second_caller_computes_the_same_batches_alone() -> None:
    shared = about_to_share()
    inside = Barrier(3, timeout=10)
    leave = Barrier(3, timeout=10)

    def slow(rows: slice) -> Matrix:
        inside.wait()
        leave.wait()
        return rows_of(rows, 4)

    with ThreadPoolExecutor(1) as first:
        running = first.submit(shared.scores, slow, 4, 2)
        inside.wait()
        quick = Threads()
        parts = shared.scores(quick, 4, batch=2)
        leave.wait()
        running.result()
    assert quick.met == {main_thread()}
    assert [len(part) for part in parts] == [2, 2]


def test_without_an_idle_core_nothing_is_shared() -> None:
    class Idle:
        now = False

        def __bool__(self) -> bool:
            return self.now

    idle = Idle()
    shared = about_to_share(idle=idle)
    assert not any(Threads().shared(shared) for _ in range(3))
    idle.now = True
    # Alone first, without measurements
    assert [Threads().shared(shared) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("shared_seconds", "better"), [(0.008, True), (0.009, False)])
def test_what_is_much_faster_is_done_and_the_other_way_looked_at_again(
    shared_seconds: float, better: bool
) -> None:
    calls = list[bool]()

    def clock() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += shared_seconds if calls[-1] else 0.010
            yield now

    ticks = clock()

    class Watched(SideBySide):
        def _choice(self) -> bool:
            calls.append(super()._choice())
            return calls[-1]

    watched = Watched(2, clock=lambda: next(ticks))
    for _ in range(18):
        watched.scores(lambda rows: rows_of(rows, 4), 4, batch=2)
    assert calls[:2] == [False, True]  # each once
    assert calls[2:15] == [better] * 13
    assert calls[15:] == [not better, better, better]


def test_what_fails_in_another_thread_is_raised_and_the_threads_are_free_again() -> None:
    shared = about_to_share()
    begun = Barrier(2, timeout=10)

    def fails(rows: slice) -> Matrix:
        begun.wait()
        if rows.start:
            raise MemoryError
        return rows_of(rows, 4)

    with pytest.raises(MemoryError):
        shared.scores(fails, 4, batch=2)

    def meets(rows: slice) -> Matrix:
        begun.wait()
        return rows_of(rows, 4)

    assert len(shared.scores(meets, 4, batch=2)) == 2
