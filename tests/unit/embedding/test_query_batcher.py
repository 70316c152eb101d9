"""Encoding concurrent queries together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from services.embedding.batching import BatchLimits, QueryBatcher
from services.embedding.encoding import QueryEncoding
from services.embedding.hash_encoder import HashEncoder
from shared.errors import Overloaded


class HeldEncoder:
    """Encodes when it is let go; keeps what it was asked."""

    def __init__(self, held: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        if not held:
            self.go.set()

    def encode_queries(self, queries: Sequence[str]) -> list[QueryEncoding]:
        self.batches.append(list(queries))
        assert self.go.wait(5)
        if "bad" in queries:
            raise ValueError("no")
        return HashEncoder().encode_queries(queries)


async def asked(batcher: QueryBatcher, *queries: str) -> list[asyncio.Task[list[QueryEncoding]]]:
    tasks = [asyncio.ensure_future(batcher.encode([query])) for query in queries]
    await asyncio.sleep(0.02)
    return tasks


async def test_queries_that_wait_are_encoded_together_and_each_gets_its_own() -> None:
    encoder = HeldEncoder(held=True)
    batcher = QueryBatcher(encoder, BatchLimits())
    tasks = [*await asked(batcher, "first"), *await asked(batcher, "second", "third")]
    encoder.go.set()
    answers = await asyncio.gather(*tasks)
    assert encoder.batches == [["first"], ["second", "third"]]
    for query, (answer,) in zip(("first", "second", "third"), answers, strict=True):
        assert (answer.vector == HashEncoder().encode_queries([query])[0].vector).all()
    batcher.close()


async def test_a_batch_holds_so_many_tokens() -> None:
    encoder = HeldEncoder(held=True)
    batcher = QueryBatcher(encoder, BatchLimits(batch_tokens=8))  # a short query counts three
    tasks = [*await asked(batcher, "a"), *await asked(batcher, "four", "five", "nine")]
    encoder.go.set()
    await asyncio.gather(*tasks)
    assert encoder.batches == [["a"], ["four", "five"], ["nine"]]
    batcher.close()


async def test_a_query_lately_seen_is_not_encoded_again() -> None:
    encoder = HeldEncoder()
    batcher = QueryBatcher(encoder, BatchLimits(cached_queries=2))
    for query in ("a", "b", "a", "c", "a", "b"):  # c pushes b out, which was seen longer ago than a
        await batcher.encode([query])
    assert encoder.batches == [["a"], ["b"], ["c"], ["b"]]
    batcher.close()


async def test_the_same_query_asked_twice_at_once_is_encoded_once() -> None:
    encoder = HeldEncoder(held=True)
    batcher = QueryBatcher(encoder, BatchLimits())
    tasks = await asked(batcher, "a", "a")
    tasks[0].cancel()  # one gives up; the other must not suffer
    encoder.go.set()
    assert (await tasks[1])[0].vector.shape == (384,)
    assert encoder.batches == [["a"]]
    batcher.close()


async def test_a_full_queue_refuses_at_once() -> None:
    encoder = HeldEncoder(held=True)
    batcher = QueryBatcher(encoder, BatchLimits(max_waiting=1))
    tasks = [*await asked(batcher, "in hand"), *await asked(batcher, "waiting")]
    with pytest.raises(Overloaded, match="1 queries wait"):
        await batcher.encode(["one too many"])
    encoder.go.set()
    await asyncio.gather(*tasks)
    batcher.close()


async def test_a_failure_reaches_who_asked_and_the_next_query_is_served() -> None:
    batcher = QueryBatcher(HeldEncoder(), BatchLimits())
    with pytest.raises(ValueError, match="no"):
        await batcher.encode(["bad"])
    assert len(await batcher.encode(["good"])) == 1
    batcher.close()


async def test_what_is_remembered_is_bounded_in_bytes() -> None:
    encoder = HeldEncoder()
    (encoding,) = HashEncoder().encode_queries(["a"])
    batcher = QueryBatcher(encoder, BatchLimits(cached_bytes=2 * encoding.size_bytes))
    for query in ("a", "b", "a", "c", "a", "b"):
        await batcher.encode([query])
    assert encoder.batches == [["a"], ["b"], ["c"], ["b"]]
    batcher.close()


@pytest.mark.parametrize("limits", [BatchLimits(cached_queries=0), BatchLimits(cached_bytes=0)])
async def test_nothing_is_remembered_where_there_is_no_room(limits: BatchLimits) -> None:
    encoder = HeldEncoder()
    batcher = QueryBatcher(encoder, limits)
    for _ in range(2):
        await batcher.encode(["a"])
    assert encoder.batches == [["a"], ["a"]]
    batcher.close()
