import asyncio
import time
import uuid

import pytest

from services.gateway import explanation
from services.gateway.admission import Admission
from services.gateway.query_ids import new_query_id
from services.gateway.windows import Windows
from shared.errors import Overloaded


def test_a_window_is_forgotten_when_its_time_is_over() -> None:
    now = 0.0
    windows = Windows[str](10, ttl_seconds=600, clock_seconds=lambda: now)
    windows.keep("q1", "window")
    now = 600
    assert windows.get("q1") == "window"
    now = 601
    assert windows.get("q1") is None and len(windows) == 0


def test_the_window_unused_for_longest_makes_room() -> None:
    windows = Windows[str](2, ttl_seconds=600)
    windows.keep("q1", "a")
    windows.keep("q2", "b")
    windows.get("q1")
    windows.keep("q3", "c")
    assert [windows.get(query_id) for query_id in ("q1", "q2", "q3")] == ["a", None, "c"]


def test_query_ids_are_unique_version_7_and_sort_by_time() -> None:
    first = [new_query_id() for _ in range(1_000)]
    time.sleep(0.002)
    later = new_query_id()
    assert len(set(first)) == 1_000
    assert max(first) < later
    assert uuid.UUID(later).version == 7 and uuid.UUID(later).variant == uuid.RFC_4122


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["red", "shoe"], 1), "Matches 'red', 'shoe' in its text; the closest in meaning."),
        (([], 7), "Among the 10 closest in meaning."),
        (
            (["shoe"], 0, ["block_score", "price"]),
            "Matches 'shoe' in its text; raised most by a closer reading of its text, then its price.",
        ),
        (([], 0), "Meets the filters."),
        (([], 0, [], "price asc"), "Meets the filters; ordered by price asc."),
    ],
)
def test_an_explanation_is_one_sentence(arguments: tuple[object, ...], sentence: str) -> None:
    assert explanation.summary(*arguments) == sentence  # type: ignore[arg-type]


async def test_pages_wait_in_line_for_their_turn() -> None:
    admission, order = Admission(max_in_flight=1, max_waiting=10), []

    async def page(name: str) -> None:
        async with admission.admitted(left_ms=1_000):
            order.append(name)
            await asyncio.sleep(0.001)

    await asyncio.gather(page("a"), page("b"), page("c"))
    assert (order, admission.in_flight) == (["a", "b", "c"], 0)


async def test_a_full_line_turns_pages_away_and_says_when_to_come_back() -> None:
    admission = Admission(max_in_flight=1, max_waiting=0)
    async with admission.admitted(left_ms=1_000):
        with pytest.raises(Overloaded, match=r"retry in \d+ ms"):
            async with admission.admitted(left_ms=1_000):
                pass
    assert admission.in_flight == 0


async def test_a_page_that_could_not_be_in_time_does_not_wait() -> None:
    admission = Admission(max_in_flight=1, max_waiting=10)
    async with admission.admitted(left_ms=1_000):
        await asyncio.sleep(0.05)  # so long does a page take
    async with admission.admitted(left_ms=1_000):
        start = time.perf_counter()
        with pytest.raises(Overloaded):
            async with admission.admitted(left_ms=60):
                pass
        assert time.perf_counter() - start < 0.02


async def test_one_that_leaves_the_line_takes_no_place() -> None:
    admission = Admission(max_in_flight=1, max_waiting=10)

    async def page() -> str:
        async with admission.admitted(left_ms=1_000):
            return "served"

    async with admission.admitted(left_ms=1_000):
        leaving, staying = asyncio.create_task(page()), asyncio.create_task(page())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    assert await staying == "served"
    assert admission.in_flight == 0
