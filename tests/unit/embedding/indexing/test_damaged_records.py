"""Damaged records of the log delay no others. They are logged, or made again."""

import asyncio
from pathlib import Path

import pytest

from shared.events import dead_letters
from shared.events.log import CATALOG, DEAD_LETTERS, VECTORS, NewRecord
from shared.events.sqlite import SqliteEventLog
from tests.unit.embedding.indexing.indexing_shop import IndexingShop
from tests.unit.embedding.indexing.letter_encoder import titled
from tests.unit.events.damaged_log import damage

RED, BLUE, GREEN = titled("red kettle", "blue teapot", "green cup")


async def titles(shop: IndexingShop) -> set[str]:
    return {product.title for product in (await shop.products()).values()}


async def test_a_catalogue_record_whose_columns_are_damaged_is_put_aside_with_file_place_and_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    shop = IndexingShop(tmp_path / "data", log)
    await shop.append(NewRecord("broken\0nofield", b"text"))
    damage(tmp_path / "log.sqlite", f"UPDATE \"{CATALOG}\" SET value = 'text'")
    async with shop.following():
        await shop.until(await shop.write(RED))
    (letter,) = map(dead_letters.from_record, await log.read(DEAD_LETTERS, 0))
    assert (letter.topic, letter.position, letter.value) == (CATALOG, 1, b"text")
    place = f"{CATALOG}:1 is put in"
    reason = f"it is damaged in {tmp_path / 'log.sqlite'}: its value is text, not bytes"
    assert (
        place in caplog.text
        and reason in caplog.text
        and "write it again, or restore the file" in caplog.text
    )
    assert await titles(shop) == {"red kettle"} and "Traceback" not in caplog.text
    await log.close()


@pytest.mark.parametrize("damaged", ["x'ffffffff'", "'text'", "NULL"])
async def test_a_change_that_cannot_be_read_is_made_again_from_the_catalogues_log(
    tmp_path: Path, damaged: str
) -> None:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    shop = IndexingShop(tmp_path / "data", log)
    async with shop.following():
        await shop.until(await shop.write(RED, BLUE, GREEN))
    damage(tmp_path / "log.sqlite", f"UPDATE \"{VECTORS}\" SET value = {damaged} WHERE key = 'blu'")
    assert await titles(shop) == {"red kettle", "green cup"}
    async with shop.following():
        async with asyncio.timeout(20):
            while await titles(shop) != {"red kettle", "blue teapot", "green cup"}:
                await asyncio.sleep(0.01)
    await log.close()
