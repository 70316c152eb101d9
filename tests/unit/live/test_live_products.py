from pathlib import Path

import numpy as np
import pytest

from shared.catalog.product import Product
from shared.catalog.wire import to_bytes
from shared.live.live_products import DeltaIds, LiveProducts, LiveRows
from shared.snapshot.products import ProductStore, ProductsWriter


class Shop:
    """Two products in a snapshot, and what came since."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        writer = ProductsWriter(folder)
        writer.add([Product("a", "old a"), Product("b", "old b")])
        writer.finish()
        self.base = ProductStore.open(folder)
        self.ids = DeltaIds()
        self.payloads = list[bytes]()

    def write(self, product_id: str, title: str = "") -> None:
        self.payloads.append(to_bytes(Product(product_id, title)) if title else b"")
        self.ids.add(product_id, gone=not title)

    def now(self) -> LiveProducts:
        return LiveProducts(self.base, LiveRows(self.base, self.ids, len(self.payloads)), self.payloads)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "products")


def test_a_product_is_found_where_it_was_written_last(shop: Shop) -> None:
    shop.write("b", "new b")
    shop.write("c", "c")
    shop.write("b", "newer b")
    now = shop.now()
    assert [now.row(each) for each in ("a", "b", "c", "d")] == [0, 4, 3, None]
    assert (now.product(4).title, len(now)) == ("newer b", 5)
    assert now.product_ids(np.array([4, 0, 3, 1])) == ["b", "a", "c", "b"]
    assert now.product_ids(np.array([], np.int64)) == []


def test_a_row_that_was_replaced_still_has_its_product(shop: Shop) -> None:
    shop.write("b", "new b")
    assert [shop.now().product(row).title for row in (1, 2)] == ["old b", "new b"]


def test_a_product_that_is_gone_is_not_found_and_may_come_back(shop: Shop) -> None:
    shop.write("a")
    assert shop.now().row("a") is None
    shop.write("a", "again")
    assert shop.now().row("a") == 3


def test_what_is_written_later_is_not_seen_by_an_earlier_state(shop: Shop) -> None:
    shop.write("b", "new b")
    before = shop.now()
    for product_id, title in (("b", "newer b"), ("a", ""), ("c", "c")):
        shop.write(product_id, title)
    assert [before.row(each) for each in ("a", "b", "c")] == [0, 2, None]
    assert [shop.now().row(each) for each in ("a", "b", "c")] == [None, 3, 5]
