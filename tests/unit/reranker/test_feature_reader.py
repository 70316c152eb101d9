import asyncio
import time
from collections.abc import Sequence

import pytest

from services.reranker.deadline import Deadline
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.reranker import Reranker
from services.reranker.service import RerankerService
from services.reranker.work_queue import WorkQueue
from shared.errors import Unavailable
from shared.features.memory import MemoryFeatureStore
from shared.features.scope import PageRequest
from shared.stage import Missed
from tests.unit.reranker.tiny_reranker import tiny_request

PAGE = PageRequest(("p1", "p2"), "kettle", "v1")
UNLIMITED = Deadline.after(0)


class LateStore(MemoryFeatureStore):
    late_seconds = 30.0
    reads = 0

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        self.reads += 1
        await asyncio.sleep(self.late_seconds)
        return await super().values(keys)


class DownStore(MemoryFeatureStore):
    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        raise Unavailable("feature store: Redis does not answer")


async def test_a_page_is_read_in_one_trip() -> None:
    store = LateStore()
    store.late_seconds = 0
    page = await FeatureReader(store, 100).read(PAGE, UNLIMITED)
    assert (store.reads, len(page.values)) == (1, 4)
    assert len(page.columns()["product_opens_1d"]) == 2


async def test_a_late_store_is_waited_for_as_long_as_the_setting_says() -> None:
    reader = FeatureReader(LateStore(), limit_ms=20)
    start = time.perf_counter()
    with pytest.raises(Missed, match=r"^features: deadline$"):
        await reader.read(PAGE, UNLIMITED)
    assert 0.015 < time.perf_counter() - start < 0.2


async def test_a_short_deadline_leaves_the_store_a_fifth_of_it() -> None:
    reader = FeatureReader(LateStore(), limit_ms=10_000)
    start = time.perf_counter()
    with pytest.raises(Missed, match="features: deadline"):
        await reader.read(PAGE, Deadline.after(100))
    assert time.perf_counter() - start < 0.08


async def test_after_some_late_answers_pages_do_not_wait_until_the_rest_is_over() -> None:
    store = LateStore()
    reader = FeatureReader(store, limit_ms=10, rest_seconds=0.2)
    for _ in range(10):
        with pytest.raises(Missed):
            await reader.read(PAGE, UNLIMITED)
    assert store.reads == 3
    await asyncio.sleep(0.2)
    store.late_seconds = 0
    assert (await reader.read(PAGE, UNLIMITED)).values[0] is None


async def test_a_store_that_is_down_leaves_a_page_that_says_so(reranker: Reranker) -> None:
    work_queue = WorkQueue(workers=1, max_waiting=8)
    service = RerankerService(OpenedRerankers(reranker), work_queue, FeatureReader(DownStore(), 100))
    response = await service.Rerank(tiny_request())
    assert list(response.degraded) == ["features: feature store: Redis does not answer"]
    assert sorted(response.order) == list(range(40))
    without = RerankerService(OpenedRerankers(reranker), work_queue)
    assert response.order == (await without.Rerank(tiny_request())).order


async def test_without_a_store_nothing_is_left_out(reranker: Reranker) -> None:
    service = RerankerService(OpenedRerankers(reranker), WorkQueue(1, 8))
    response = await service.Rerank(tiny_request())
    assert not response.degraded
