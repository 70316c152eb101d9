"""Take a stream as it comes: whatever has arrived together is handled together."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

Message = TypeVar("Message")


async def batches(stream: AsyncIterator[Message], max_batch: int) -> AsyncIterator[list[Message]]:
    """Batches of at most `max_batch`, in order; at most one batch more is read ahead while one is handled.

    An error of the stream is raised after what came before it.
    """
    arrived: asyncio.Queue[Message | None] = asyncio.Queue(max_batch)
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


async def _read(stream: AsyncIterator[Message], arrived: asyncio.Queue[Message | None]) -> None:
    failure: Exception | None = None
    try:
        async for message in stream:
            await arrived.put(message)
    except Exception as error:
        failure = error
    await arrived.put(None)  # not when cancelled: then nobody takes it
    if failure is not None:
        raise failure


async def _next_batch(arrived: asyncio.Queue[Message | None], max_batch: int) -> tuple[list[Message], bool]:
    batch: list[Message] = []
    message = await arrived.get()
    while message is not None:
        batch.append(message)
        if len(batch) >= max_batch or arrived.empty():
            return batch, True
        message = arrived.get_nowait()
    return batch, False
