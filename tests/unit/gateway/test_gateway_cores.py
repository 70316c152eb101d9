import asyncio
import time

import pytest

from services.gateway.admission import Admission
from services.gateway.search import explanation
from shared.errors import Overloaded


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["red", "shoe"], 1), "Matches 'red', 'shoe' in its text; the closest in meaning."),
        (([], 7), "Among the 10 closest in meaning."),
        (
            (["shoe"], 0, ["block_score", "price"]),
            "Matches 'shoe' in its text; raised most by a closer reading of its text, then its price.",
        ),
        (
            (["shoe"], 0, ["start", "near_spelling_opens", "query_opens_7d"]),
            "Matches 'shoe' in its text; raised most by what shoppers chose for searches like it, then what "
            "shoppers chose for this search.",
        ),
        (([], 0), "Meets the filters."),
        (([], 0, [], "price asc"), "Meets the filters; ordered by price asc."),
    ],
)
def test_an_explanation_is_one_sentence(arguments: tuple[object, ...], sentence: str) -> None:
    assert explanation.summary(*arguments) == sentence  # type: ignore[arg-type]


async def test_pages_wait_in_line_for_their_turn() -> None:
    admission = Admission(max_in_flight=1, max_waiting=10)
    order = []

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


async def test_pages_that_become_slower_are_noticed_sooner_than_quicker_ones() -> None:
    admission = Admission(max_in_flight=1, max_waiting=10)

    async def page(seconds: float) -> None:
        async with admission.admitted(left_ms=10_000):
            await asyncio.sleep(seconds)

    async def expected_ms() -> int:
        async with admission.admitted(left_ms=10_000):
            return admission.expected_wait_ms()

    await page(0.001)
    await page(0.2)
    after_slow = await expected_ms()
    assert after_slow > 50
    await page(0.001)
    assert await expected_ms() > 0.75 * after_slow


async def test_a_deadline_that_has_passed_is_named_not_an_overload() -> None:
    with pytest.raises(Overloaded, match=r"deadline passed .* raise deadline_ms"):
        async with Admission(max_in_flight=1, max_waiting=10).admitted(left_ms=0):
            pass


async def test_one_that_leaves_the_line_takes_no_place() -> None:
    admission = Admission(max_in_flight=1, max_waiting=10)

    async def page() -> str:
        async with admission.admitted(left_ms=1_000):
            return "served"

    async with admission.admitted(left_ms=1_000):
        leaving = asyncio.create_task(page())
        staying = asyncio.create_task(page())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    assert await staying == "served"
    assert admission.in_flight == 0
