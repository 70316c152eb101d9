import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from services.reranker.following import follow
from services.reranker.opened import OpenedRerankers
from services.reranker.reranker import Reranker
from shared.errors import Corrupt


async def _following(
    opened: OpenedRerankers, newest: Callable[[], str], reopen: Callable[[], Reranker | None]
) -> "asyncio.Task[None]":
    task = asyncio.create_task(follow(opened, newest, reopen, refresh_seconds=0.001))
    await asyncio.sleep(0.05)
    return task


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_new_bundle_is_served_without_a_restart(reranker: Reranker) -> None:
    names, opened = ["b1"], OpenedRerankers()
    task = await _following(opened, lambda: names[-1], lambda: replace(reranker, bundle_version=names[-1]))
    assert opened.newest.bundle_version == "b1"
    names.append("b2")
    await asyncio.sleep(0.05)
    assert opened.newest.bundle_version == "b2"
    await _stop(task)


async def test_what_cannot_be_opened_is_reported_once_and_the_old_one_serves(
    reranker: Reranker, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Reranker:
        raise Corrupt("block.onnx does not match its checksum")

    opened = OpenedRerankers(reranker)
    task = await _following(opened, lambda: "b2", broken)
    assert opened.newest is reranker
    assert len([record for record in caplog.records if "cannot be opened" in record.message]) == 1
    await _stop(task)


async def test_before_anything_is_indexed_it_waits(reranker: Reranker) -> None:
    opened, ready = OpenedRerankers(), list[Reranker]()
    task = await _following(opened, lambda: str(len(ready)), lambda: ready[0] if ready else None)
    ready.append(reranker)
    await asyncio.sleep(0.05)
    assert opened.newest is reranker
    await _stop(task)
