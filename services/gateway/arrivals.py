"""Take a stream as it comes: whatever has arrived together is handled together."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol, TypeVar


class Sized(Protocol):
    def ByteSize(self) -> int: ...  # noqa: N802  (protobuf's name)


Message = TypeVar("Message", bound=Sized)
MAX_BATCH_BYTES = 16 << 20


class _Arrived(asyncio.Queue[Message | None]):
    """Messages read ahead; full when they are many, or large."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        super().__init__(max_messages)
        self._max_bytes, self._bytes = max_bytes, 0

    def full(self) -> bool:
        return super().full() or self._bytes >= self._max_bytes

    def _put(self, item: Message | None) -> None:
        super()._put(item)
        self._bytes += item.ByteSize() if item is not None else 0

    def _get(self) -> Message | None:
        item = super()._get()
        self._bytes -= item.ByteSize() if item is not None else 0
        return item


async def batches(
    stream: AsyncIterator[Message], max_batch: int, max_bytes: int = MAX_BATCH_BYTES
) -> AsyncGenerator[list[Message], None]:
    """Batches of at most `max_batch`, in order; at most one batch more is read ahead while one is handled.

    Large messages make smaller batches, of `max_bytes` and one message at most, so that they cannot fill the memory.
    An error of the stream is raised after what came before it.
    """
    arrived: _Arrived[Message] = _Arrived(max_batch, max_bytes)
    reader = asyncio.create_task(_read(stream, arrived))
    try:
        open_ = True
        while open_:
            batch, open_ = await _next_batch(arrived, max_batch)
            if batch:
                yield batch
        await reader
    finally:
        reader.cancel()


async def _read(stream: AsyncIterator[Message], arrived: _Arrived[Message]) -> None:
    failure: Exception | None = None
    try:
        async for message in stream:
            await arrived.put(message)
    except Exception as error:
        failure = error
    await arrived.put(None)  # not when cancelled: then nobody takes it
    if failure is not None:
        raise failure


async def _next_batch(arrived: _Arrived[Message], max_batch: int) -> tuple[list[Message], bool]:
    batch: list[Message] = []
    message = await arrived.get()
    while message is not None:
        batch.append(message)
        if len(batch) >= max_batch or arrived.empty():
            return batch, True
        message = arrived.get_nowait()
    return batch, False
