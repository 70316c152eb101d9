"""A catalogue file is indexed while products are written.

The file comes after what the log had when it was read.
"""

from dataclasses import replace

import pytest

from aisle.v1.catalog_pb2 import Price
from aisle.v1.catalog_pb2 import Product as Message
from services.embedding.indexing.tail import Tail
from services.standalone.written_since import written_in
from shared.catalog import writes
from shared.catalog.product import Product
from shared.errors import Overloaded
from shared.events import dead_letters
from shared.events.log import CATALOG, DEAD_LETTERS, NewRecord
from shared.snapshot.generation import current_generation, snapshots_of
from tests.unit.embedding.indexing.indexing_shop import IndexingShop
from tests.unit.embedding.indexing.letter_encoder import letter_indexer, titled

RED, BLUE, GREEN = titled("red kettle", "blue teapot", "green cup")


async def read(shop: IndexingShop) -> Tail:
    """What `aisle index` reads before the file."""
    return await written_in(shop.log, snapshots_of(shop.data), current_generation(shop.data, verify=False))


def index(shop: IndexingShop, tail: Tail, *products: Product) -> None:
    letter_indexer(shop.data, heads_sha256="").run(products, tail)


def price(product_id: str, amount: float) -> NewRecord:
    return writes.some(Message(product_id=product_id, price=Price(amount=amount)), ["price.amount"])


async def test_a_write_that_equals_what_is_shown_wins_over_a_file_that_was_read_before(
    shop: IndexingShop,
) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED, BLUE))
        tail = await read(shop)
        await shop.until(await shop.write(RED))
        await shop.until(await shop.append(price("blu", BLUE.price or 0)))
        index(shop, tail, replace(RED, price=99.0), replace(BLUE, price=99.0))
        await shop.until(await shop.write(GREEN))
    assert await shop.products() == {"red": RED, "blu": BLUE, "gre": GREEN}


async def test_a_removal_of_a_product_that_only_the_file_has_holds(shop: IndexingShop) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        tail = await read(shop)
        await shop.until(await shop.write("blu"))
        index(shop, tail, BLUE)
        await shop.until(await shop.write(GREEN))
    assert await shop.products() == {"red": RED, "gre": GREEN}


async def test_a_field_that_is_written_later_leaves_the_other_fields_of_the_file(
    shop: IndexingShop,
) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
        tail = await read(shop)
        await shop.until(await shop.append(price("red", 1.0)))
        index(shop, tail, Product("red", "red teakettle", price=99.0))
        await shop.until(await shop.write(GREEN))
    assert (await shop.products())["red"] == Product("red", "red teakettle", price=1.0)


async def test_a_write_that_is_acknowledged_and_not_shown_comes_before_the_file(
    shop: IndexingShop,
) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
    await shop.write(replace(RED, price=5.0), BLUE, "gre")
    index(shop, await read(shop), replace(RED, price=99.0), GREEN)
    async with shop.following():
        await shop.until(await shop.append(price("blu", 1.0)))
    assert await shop.products() == {
        "red": replace(RED, price=99.0),
        "blu": replace(BLUE, price=1.0),
        "gre": GREEN,
    }


async def test_a_write_before_the_file_that_cannot_be_applied_is_a_dead_letter_all_the_same(
    shop: IndexingShop,
) -> None:
    async with shop.following():
        await shop.until(await shop.write(RED))
    await shop.append(price("nobody", 5.0))
    index(shop, await read(shop), BLUE)
    async with shop.following():
        await shop.until(await shop.write(GREEN))
    (letter,) = map(dead_letters.from_record, await shop.log.read(DEAD_LETTERS, 0))
    assert (letter.topic, letter.key, letter.position) == (CATALOG, "nobody\x00price.amount", 2)
    assert "there is no product 'nobody'" in letter.reason


async def test_a_file_that_was_read_over_another_snapshot_is_read_again(shop: IndexingShop) -> None:
    letter_indexer(shop.data).run([RED])
    tail = await read(shop)
    letter_indexer(shop.data).run([BLUE])
    with pytest.raises(Overloaded, match="another snapshot"):
        index(shop, tail, GREEN)
