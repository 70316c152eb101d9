"""Random writes, files and stops of the indexer, in any order: the later one wins.

The cases one by one are in tests/unit/embedding/indexing/test_writes_beside_a_file.py.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from services.embedding.indexing.draft import Draft
from shared.catalog import writes
from shared.catalog.product import Product
from shared.catalog.wire import to_message
from shared.events.log import CATALOG, NewRecord, Record
from tests.unit.embedding.indexing.conftest import shop
from tests.unit.embedding.indexing.indexing_shop import IndexingShop
from tests.unit.embedding.indexing.letter_encoder import letter_indexer, titled
from tests.unit.embedding.indexing.test_writes_beside_a_file import index, read

__all__ = ["shop"]

(RED,) = titled("red kettle")


@dataclass
class History:
    """Random writes and files, and their result in the order of the log."""

    shop: IndexingShop
    rng: random.Random
    # Each with the position that it follows
    files: list[tuple[int, list[Product]]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def product(self) -> Product:
        product_id = self.rng.choice("abcdef")
        primary = self.rng.choice(["", "", "a", "b"])
        kind = "variant" if primary and primary != product_id else "primary"
        amount = float(self.rng.randrange(3))
        title = self.rng.choice(["red kettle", "blue cup"])
        return Product(product_id, title, kind, primary if kind == "variant" else "", price=amount)

    def record(self) -> list[NewRecord]:
        product = self.product()
        draw = self.rng.random()
        if draw < 0.25:
            return writes.removals([product.product_id])
        if draw < 0.6:
            return [writes.some(to_message(product), [self.rng.choice(["price.amount", "title"])])]
        return [writes.whole(to_message(product))]

    async def write(self, count: int) -> int:
        """Append some writes, and remember them, because the log drops replaced records."""
        first = await self.shop.log.end_offset(CATALOG)
        new = [each for _ in range(count) for each in self.record()]
        self.records += (
            Record(first + place, each.key, each.value, 0.0) for place, each in enumerate(new, 1)
        )
        return await self.shop.append(*new)

    def file(self, after: int) -> list[Product]:
        self.files.append((after, [self.product() for _ in range(4)]))
        return self.files[-1][1]

    def expected(self) -> dict[str, Product]:
        """The catalogue after all writes and files, one after the other."""
        catalog = _Catalog()
        files = list(self.files)
        for record in self.records:
            while files and files[0][0] < record.offset:
                catalog.put(files.pop(0)[1])
            catalog.take(record)
        for _, products in files:
            catalog.put(products)
        return catalog.products


class _Catalog:
    """A catalogue in memory."""

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}

    def product(self, product_id: str) -> Product | None:
        return self.products.get(product_id)

    def variants(self, product_id: str) -> Sequence[str]:
        return list(self.products)

    def put(self, products: Iterable[Product]) -> None:
        self.products |= {each.product_id: each for each in products}

    def take(self, record: Record) -> None:
        draft = Draft(self)
        draft.take(writes.from_record(record))
        for product_id in draft.product_ids:
            if (product := draft.product(product_id)) is None:
                self.products.pop(product_id, None)
            else:
                self.products[product_id] = product


@pytest.mark.parametrize("seed", range(12))
async def test_in_any_order_of_writes_files_and_stops_the_later_one_wins(
    shop: IndexingShop, seed: int
) -> None:
    history = History(shop, random.Random(seed))
    letter_indexer(shop.data).run([RED])
    history.files.append((0, [RED]))
    for _ in range(3):
        await history.write(3)
        if history.rng.random() < 0.7:
            async with shop.following(batch_products=2):
                if history.rng.random() < 0.7:
                    await shop.until(await history.write(4))
                tail = await read(shop)
                products = history.file(tail.end.catalog)
                end = await history.write(history.rng.randrange(1, 5))
                if history.rng.random() < 0.7:
                    await shop.until(end)
                index(shop, tail, *products)
                end = await history.write(2)
                await asyncio.sleep(history.rng.random() * 0.05)
        else:
            tail = await read(shop)
            index(shop, tail, *history.file(tail.end.catalog))
    # After the appends that the previous indexer had begun, which end with its process
    await history.write(2)
    async with shop.following(batch_products=3):
        await shop.until(await history.write(3))
    assert await shop.products() == history.expected()
