import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aisle.v1.catalog_pb2 import Price
from aisle.v1.catalog_pb2 import Product as Message
from services.embedding.indexing.tail import read_tail
from shared.artifacts import current, versions
from shared.catalog import writes
from shared.catalog.product import Product
from shared.errors import Unavailable
from shared.events import dead_letters
from shared.events.log import DEAD_LETTERS, VECTORS, NewRecord
from shared.snapshot.generation import Positions, current_generation, snapshots_of
from tests.unit.embedding.indexing.indexing_shop import IndexingShop, Letters
from tests.unit.embedding.indexing.letter_encoder import LetterEncoder, generation_of, letter_indexer, titled
from tests.unit.embedding.indexing.unreliable_log import FlakyLog, PickyLog

RED, BLUE, GREEN = titled("red kettle", "blue teapot", "green cup")


@pytest.fixture(autouse=True)
def tries_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is tried again at once."""
    monkeypatch.setattr("services.embedding.indexing.catalog_follower._RETRY_SECONDS", 0.05)


def encoded(shop: IndexingShop) -> list[str]:
    """What the first encoder was asked for, without warming up."""
    return [text for text in shop.encoders.open[0].encoder.texts if text != "warm"]


def titles(products: dict[str, Product]) -> set[str]:
    return {product.title for product in products.values()}


async def test_without_a_snapshot_an_empty_one_is_made(shop: IndexingShop) -> None:
    async with shop.following() as follower:
        await follower.ready.wait()
    assert len(generation_of(shop.data).products) == 0
    assert generation_of(shop.data).positions == Positions()


async def test_every_write_becomes_a_change_in_the_order_of_the_log(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.write(RED, BLUE)
        await shop.until(await shop.write(GREEN, "blu", replace(RED, price=1.0)))
    assert titles(await shop.products()) == {"red kettle", "green cup"}
    assert (await shop.products())["red"].price == 1.0


async def test_fields_are_replaced_without_the_encoder(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        assert encoded(shop) == ["red kettle"]
        price = Message(product_id="red", price=Price(amount=3))
        await shop.until(await shop.append(writes.some(price, ["price"])))
    assert (await shop.products())["red"] == replace(RED, price=3.0)
    assert encoded(shop) == ["red kettle"]


async def test_a_restart_goes_on_where_it_was(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED, BLUE))
    before = encoded(shop)
    await shop.write(GREEN, "red")
    async with shop.following():
        await shop.until(4)
    assert titles(await shop.products()) == {"blue teapot", "green cup"}
    assert encoded(shop) == [*before, "green cup"]


async def test_what_changes_nothing_still_moves_the_position(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        await shop.until(await shop.write(RED, "nobody"))
    assert len(await shop.log.read(VECTORS, 0)) == 2  # the product, and the position


async def test_a_record_that_nobody_can_read_is_put_aside_and_holds_nothing_up(shop: IndexingShop) -> None:
    await shop.append(NewRecord("broken", b"\xff\xff"))
    async with shop.following():
        await shop.until(await shop.write(RED))
    (letter,) = await shop.log.read(DEAD_LETTERS, 0)
    found = dead_letters.from_record(letter)
    assert (found.topic, found.key, found.position, found.value) == (
        "aisle.catalog",
        "broken",
        1,
        b"\xff\xff",
    )
    assert "aisle.catalog 1 of 'broken'" in found.reason
    assert titles(await shop.products()) == {"red kettle"}


async def test_a_snapshot_of_another_process_is_taken_up_with_all_that_was_written(
    shop: IndexingShop,
) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        base = current_generation(shop.data)
        assert base
        tail = await read_tail(shop.log, snapshots_of(shop.data), base.positions)
        letter_indexer(shop.data, heads_sha256="").run([BLUE, replace(RED, price=9.0)], tail)
        price = writes.some(Message(product_id="blu", price=Price(amount=3)), ["price"])
        await shop.until(await shop.append(price))
    assert await shop.products() == {"red": replace(RED, price=9.0), "blu": replace(BLUE, price=3.0)}


async def test_many_writes_are_folded_into_a_new_snapshot_without_being_encoded_again(
    shop: IndexingShop,
) -> None:
    many = [Product(f"p{number}", f"product number {number}") for number in range(60)]
    async with shop.following(least_records=20, batch_products=7):
        await shop.until(await shop.write(*many, "p3"))
        async with asyncio.timeout(20):
            while (await shop.products()).keys() != {each.product_id for each in many} - {"p3"}:
                await asyncio.sleep(0.01)
            while len(generation_of(shop.data).products) < 20:
                await asyncio.sleep(0.01)
    generation = generation_of(shop.data)
    assert generation.positions.vectors >= 20 and generation.positions.catalog >= 14
    assert len(encoded(shop)) == 59  # p3 was gone again before anybody looked
    assert len(await shop.products()) == 59


async def test_old_writes_are_folded_in_however_few_they_are(shop: IndexingShop) -> None:
    async with shop.following(max_age_seconds=0.2) as follower:
        await follower.ready.wait()
        first = current(snapshots_of(shop.data))
        await shop.until(await shop.write(RED))
        async with asyncio.timeout(20):
            while current(snapshots_of(shop.data)) == first:
                await asyncio.sleep(0.01)
    assert len(generation_of(shop.data).products) == 1


async def test_without_writes_no_snapshot_follows(shop: IndexingShop) -> None:
    async with shop.following(max_age_seconds=0.0) as follower:
        await follower.ready.wait()
        await asyncio.sleep(0.3)
    assert len(versions(snapshots_of(shop.data))) == 1


async def test_another_encoder_takes_over_while_both_are_served(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        shop.encoders.open.append(Letters("1"))
        async with asyncio.timeout(20):
            while generation_of(shop.data).encoder_version != shop.encoders.target.version:
                await asyncio.sleep(0.01)
        assert len(versions(snapshots_of(shop.data))) == 2
        await shop.until(await shop.write(BLUE))
    generation = generation_of(shop.data)
    assert generation.products.row("red") == 0
    tail = await read_tail(shop.log, snapshots_of(shop.data), generation.positions)
    change = tail.get("blu")
    assert change and set(change.encodings) == {each.version for each in shop.encoders.open}


async def test_before_it_serves_everything_can_be_encoded_again(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED, BLUE))
    shop.encoders.open = [Letters("1")]
    await shop.follower().move_over()
    assert generation_of(shop.data).encoder_version == shop.encoders.target.version
    assert sorted(encoded(shop)) == ["blue teapot", "red kettle"]


async def test_a_log_that_fails_in_between_loses_nothing(
    shop: IndexingShop, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = FlakyLog(shop.log)
    shop.log = flaky  # type: ignore[assignment]
    async with shop.following():
        await shop.until(await shop.write(RED))
        flaky.failures = 1
        await shop.until(await shop.write(BLUE, "red"))
    assert titles(await shop.products()) == {"blue teapot"}
    assert "wait for the next try" in caplog.text


async def test_a_product_that_the_log_refuses_is_a_dead_letter_and_holds_nothing_up(
    shop: IndexingShop,
) -> None:
    log, picky = shop.log, PickyLog(shop.log)
    shop.log = picky  # type: ignore[assignment]
    async with shop.following():
        await shop.until(await shop.write(RED))
        picky.refused = "blue"
        await shop.write(BLUE)
        await shop.until(await shop.write(GREEN))
        # Taken in together, GREEN is there before it is known that BLUE is refused
        async with asyncio.timeout(20):
            while not (letters := await log.read(DEAD_LETTERS, 0)):
                await asyncio.sleep(0.01)
    assert titles(await shop.products()) == {"red kettle", "green cup"}
    letter = dead_letters.from_record(letters[-1])
    assert (letter.topic, letter.reason) == (VECTORS, "is too large")


@pytest.mark.parametrize(
    "trouble", [Unavailable("a lock"), OSError("disk"), RuntimeError("a library's own words")]
)
async def test_whatever_an_encoder_says_the_write_is_tried_again(
    shop: IndexingShop, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = FlakyEncoder(trouble)
    shop.encoders.open = [Letters("", encoder)]
    async with shop.following():
        await shop.until(await shop.write(RED))
    assert titles(await shop.products()) == {"red kettle"}
    assert encoder.failures == 0 and str(trouble) in caplog.text


class FlakyEncoder(LetterEncoder):
    """Fails at the first product."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__()
        self.trouble, self.failures = trouble, 1

    def known_words(self) -> list[str]:
        return []

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        if self.failures and "warm" not in texts:
            self.failures -= 1
            raise self.trouble
        return super().encode_products(texts)
