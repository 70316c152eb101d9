import asyncio
import math
import shutil
from pathlib import Path

from shared.events.log import VECTORS
from shared.events.sqlite import SqliteEventLog
from shared.snapshot.generation import snapshots_of
from tests.unit.embedding.indexing.indexing_shop import IndexingShop
from tests.unit.embedding.indexing.letter_encoder import titled


async def test_what_was_trimmed_with_a_snapshot_that_is_gone_is_made_again_from_the_catalogue(
    tmp_path: Path, log: SqliteEventLog
) -> None:
    shop = IndexingShop(tmp_path / "data", log)
    red, blue = titled("red kettle", "blue teapot")
    async with shop.following():
        await shop.until(await shop.write(red, blue))
        await shop.until(await shop.write("blu"))
    await log.between_appends(lambda file: file.trim(VECTORS, 1 << 40, math.inf))
    shutil.rmtree(snapshots_of(shop.data))
    async with shop.following() as follower:
        await follower.ready.wait()
        async with asyncio.timeout(20):
            while set(await shop.products()) != {"red"}:
                await asyncio.sleep(0.01)
