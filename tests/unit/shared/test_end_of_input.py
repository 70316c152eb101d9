import asyncio
import os

from shared.end_of_input import set_at_end_of


async def test_the_end_of_the_writer_is_noticed() -> None:
    reads, writes = os.pipe()
    ended = asyncio.Event()
    set_at_end_of(reads, ended)
    os.write(writes, b"still there")
    await asyncio.sleep(0.02)
    assert not ended.is_set()
    os.close(writes)
    async with asyncio.timeout(30):
        await ended.wait()
    os.close(reads)
