"""Reads a stream in batches: messages that have arrived together are handled together."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol, TypeVar

from shared.rpc import request_budget
from shared.rpc.request_budget import RequestBudget


class Sized(Protocol):
    def ByteSize(self) -> int: ...  # noqa: N802  (protobuf's name)


Message = TypeVar("Message", bound=Sized)
MAX_BATCH_BYTES = 4 << 20


class _Arrived(asyncio.Queue[tuple[Message, int] | None]):
    """Messages read ahead, with their bytes. Full when they are many, or large.

    The bytes are counted until the message has been handled. Sizes are computed once, because
    protobuf serialises a message to know its size.
    """

    def __init__(self, max_messages: int, max_bytes: int, budget: RequestBudget) -> None:
        super().__init__(max_messages)
        self._max_bytes = max_bytes
        self._budget = budget
        self._waiting_bytes = self._taken_bytes = self._held_bytes = 0

    def full(self) -> bool:
        return super().full() or self._waiting_bytes >= self._max_bytes

    async def add(self, message: Message) -> None:
        """Count a message's bytes, and queue it once there is a place."""
        size_bytes = message.ByteSize()
        self._held_bytes += size_bytes
        self._budget.hold(size_bytes)
        await self.put((message, size_bytes))

    def handled(self) -> None:
        """Stop counting the messages taken out of the queue."""
        self._release(self._taken_bytes)
        self._taken_bytes = 0

    def close(self) -> None:
        """Stop counting all messages."""
        self._release(self._held_bytes)

    def _release(self, count_bytes: int) -> None:
        self._held_bytes -= count_bytes
        self._budget.release(count_bytes)

    def _put(self, item: tuple[Message, int] | None) -> None:
        super()._put(item)
        self._waiting_bytes += item[1] if item else 0

    def _get(self) -> tuple[Message, int] | None:
        item = super()._get()
        size_bytes = item[1] if item else 0
        self._waiting_bytes -= size_bytes
        self._taken_bytes += size_bytes
        return item


async def stream_batches(
    stream: AsyncIterator[Message], max_batch: int, max_bytes: int = MAX_BATCH_BYTES
) -> AsyncGenerator[list[Message], None]:
    """Batches of at most `max_batch`, in order.

    At most one further batch is read while one is handled. Large messages make smaller batches, of
    `max_bytes` plus one message at most, so that they cannot fill the memory. An error of the
    stream is raised after the messages before it. Close it with aclosing, because the stream is
    read until then.
    """
    arrived: _Arrived[Message] = _Arrived(max_batch, max_bytes, request_budget.current())
    reader = asyncio.create_task(_read(stream, arrived))
    try:
        open_ = True
        while open_:
            batch, open_ = await _next_batch(arrived, max_batch)
            if batch:
                yield batch
            arrived.handled()
        await reader
    finally:
        reader.cancel()
        await asyncio.wait([reader])  # the owner of the stream may close it now
        arrived.close()


async def _read(stream: AsyncIterator[Message], arrived: _Arrived[Message]) -> None:
    failure: Exception | None = None
    try:
        async for message in stream:
            await arrived.add(message)
    except Exception as error:
        failure = error
    await arrived.put(None)  # not if cancelled: then there is no reader
    if failure is not None:
        raise failure


async def _next_batch(arrived: _Arrived[Message], max_batch: int) -> tuple[list[Message], bool]:
    batch: list[Message] = []
    item = await arrived.get()
    while item is not None:
        batch.append(item[0])
        if len(batch) >= max_batch or arrived.empty():
            return batch, True
        item = arrived.get_nowait()
    return batch, False
