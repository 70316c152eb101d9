"""Older states of a product than the catalogue has, as the indexer takes them."""

from google.protobuf.timestamp_pb2 import Timestamp

from aisle.v1.catalog_pb2 import Price
from aisle.v1.catalog_pb2 import Product as Message
from services.embedding.indexing.appending import take_records
from services.embedding.indexing.draft import Draft
from shared.catalog import writes
from shared.catalog.product import Product
from shared.catalog.wire import to_message
from shared.events.log import CATALOG, DEAD_LETTERS, NewRecord, Record
from tests.catalog_state import written
from tests.unit.embedding.indexing.indexing_shop import IndexingShop


def timed(seconds: float, title: str, price: float | None = None) -> NewRecord:
    product = Product("red", title, price=price, update_time=seconds)
    return writes.whole(to_message(product))


async def test_an_older_state_changes_nothing_and_does_not_hide_the_newer_one_from_compaction(
    shop: IndexingShop,
) -> None:
    """Two gateways may both have found theirs the newest."""
    price = Message(product_id="red", price=Price(amount=9), update_time=Timestamp(seconds=8))
    async with shop.following():
        await shop.until(await shop.append(timed(10.0, "red kettle", 3.0)))
        await shop.append(timed(9.0, "older kettle"), writes.some(price, ["price.amount"]))
        await shop.until(await shop.log.end_offset(CATALOG))
        await shop.until(5)
    assert await shop.products() == {"red": Product("red", "red kettle", price=3.0, update_time=10.0)}
    assert await written(shop.log) == await shop.products()  # of the log, which keeps the newest of a key
    assert not await shop.log.read(DEAD_LETTERS, 0)


async def test_older_states_among_others_are_repeated_once_with_what_is_there_in_the_end(
    shop: IndexingShop,
) -> None:
    states = (timed(10.0, "red"), timed(9.0, "older"), timed(11.0, "blue"), timed(10.5, "green"))
    records = [Record(place, each.key, each.value, 0.0) for place, each in enumerate(states, 1)]
    draft = Draft(NoProducts())
    await take_records(draft, records, shop.log)
    assert draft.product("red") == Product("red", "blue", update_time=11.0)
    (repeated,) = await shop.log.read(CATALOG, 0)
    assert writes.from_record(repeated).product == draft.product("red")
    await take_records(draft, [repeated], shop.log)
    assert await shop.log.end_offset(CATALOG) == 1


class NoProducts:
    """The catalogue before the first write."""

    def product(self, product_id: str) -> Product | None:
        return None

    def variants(self, product_id: str) -> tuple[str, ...]:
        return ()
