"""Encodes queries in batches.

Queries that arrive while the engine is busy form the next batch. Recent queries are cached.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import LRUCache

from services.embedding.encoding import QueryEncoding
from shared.errors import Overloaded
from shared.threads import Threads
from shared.weighing import weigher

_CHARACTERS_PER_TOKEN = 4  # to estimate a query's length without tokenising it twice
_SPECIAL_TOKENS = 2


class QueryEncoder(Protocol):
    """Encodes a batch of queries. Called from one thread."""

    def encode_queries(self, queries: Sequence[str]) -> list[QueryEncoding]:
        """One encoding a query."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits on batches, the queue and the cache."""

    batch_tokens: int = 256  # of one batch, approximately, with padding
    query_tokens: int = 32  # read of a query
    max_waiting: int = 512  # queries in the queue; more are refused
    cached_queries: int = 2_000
    cached_bytes: int = 64 << 20


@dataclass(slots=True)
class _Waiting:
    """A query in the queue, and all callers that wait for it."""

    query: str
    answer: asyncio.Future[QueryEncoding] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class QueryBatcher:
    """Encodes off the event loop, one batch at a time.

    An idle engine starts at once, without waiting to fill a batch.
    """

    def __init__(self, encoder: QueryEncoder, limits: BatchLimits) -> None:
        self._encoder = encoder
        self._limits = limits
        self._thread = Threads(1, "encoder")
        self._queue: deque[_Waiting] = deque()
        self._pending: dict[str, _Waiting] = {}
        weigh = weigher(_size_bytes, limits.cached_queries, limits.cached_bytes)
        max_bytes = limits.cached_bytes if limits.cached_queries else 0
        self._cache: LRUCache[str, QueryEncoding] = LRUCache(max_bytes, weigh)
        self._worker: asyncio.Task[None] | None = None

    async def encode(self, queries: Sequence[str]) -> list[QueryEncoding]:
        """One encoding a query, in order.

        Raises Overloaded if the queue is full, and the encoder's errors.
        """
        new = {query for query in queries if query not in self._cache and query not in self._pending}
        if len(self._queue) + len(new) > self._limits.max_waiting:
            raise Overloaded(f"{len(self._queue)} queries wait to be encoded; try again in a moment")
        answers = [self._answer(query) for query in queries]
        # Shielded: another request may wait for the same query, and must get it if this one is
        # cancelled.
        return [
            answer if isinstance(answer, QueryEncoding) else await asyncio.shield(answer)
            for answer in answers
        ]

    def close(self) -> None:
        """End the thread, after the current batch."""
        if self._worker:
            self._worker.cancel()
        self._thread.close()

    def _answer(self, query: str) -> QueryEncoding | asyncio.Future[QueryEncoding]:
        if query in self._cache:
            return self._cache[query]
        if query not in self._pending:
            waiting = self._pending[query] = _Waiting(query)
            waiting.answer.add_done_callback(_retrieved)
            self._queue.append(waiting)
            self._wake()
        return self._pending[query].answer

    def _wake(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._queue:
            batch = self._next_batch()
            try:
                encodings = await self._encode(batch)
            except Exception as error:  # after any error, the callers must receive it
                self._finish(batch, error)
            else:
                self._finish(batch, encodings)

    async def _encode(self, batch: Sequence[_Waiting]) -> list[QueryEncoding]:
        queries = [waiting.query for waiting in batch]
        return await self._thread.run(lambda: self._encoder.encode_queries(queries))

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._queue.popleft()]
        longest = self._tokens(batch[0].query)
        while self._queue:
            longest = max(longest, self._tokens(self._queue[0].query))
            if longest * (len(batch) + 1) > self._limits.batch_tokens:
                break
            batch.append(self._queue.popleft())
        return batch

    def _tokens(self, query: str) -> int:
        return min(self._limits.query_tokens, len(query) // _CHARACTERS_PER_TOKEN + _SPECIAL_TOKENS)

    def _finish(self, batch: Sequence[_Waiting], outcome: list[QueryEncoding] | Exception) -> None:
        for position, waiting in enumerate(batch):
            del self._pending[waiting.query]
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                self._remember(waiting.query, outcome[position])
                waiting.answer.set_result(outcome[position])

    def _remember(self, query: str, encoding: QueryEncoding) -> None:
        with suppress(ValueError):  # larger than the whole cache
            self._cache[query] = encoding


def _size_bytes(encoding: QueryEncoding) -> int:
    return encoding.size_bytes


def _retrieved(answer: asyncio.Future[QueryEncoding]) -> None:
    """Mark a failure as retrieved. All callers may have left, and asyncio would log a warning."""
    if not answer.cancelled():
        answer.exception()
