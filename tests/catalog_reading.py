"""A catalogue file read in a test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.files.account import Account, RowRejection
from cli.files.options import ReadOptions
from cli.files.reading import read_products
from shared.catalog.product import Product

Outcome = Product | RowRejection


@dataclass(frozen=True)
class Read:
    """The result of reading a file: its format in words, its products, and the account of its rows."""

    format: str
    products: list[Product]
    account: Account

    def product(self, product_id: str) -> Product:
        return next(each for each in self.products if each.product_id == product_id)

    def warned(self) -> list[tuple[str, str]]:
        """Field and action of each warning."""
        return [(each.field, each.action) for each in self.account.warnings]


def read(path: Path, **options: Any) -> Read:
    """Read a file; every row must be accounted for."""
    account = Account()
    titles = [""]
    products = list(read_products(path, ReadOptions(**options), account, titles.append))
    assert account.rows + account.made == account.accepted + account.rejected + account.merged
    assert account.accepted == len(products)
    return Read(titles[-1], products, account)


def read_text(folder: Path, content: str | bytes, name: str = "catalog.jsonl", **options: Any) -> Read:
    """Write a file and read it."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, **options)


def outcomes_of(path: Path, options: ReadOptions | None = None) -> list[Outcome]:
    """The products and rejections of a file of one product a line, in the order of its lines."""
    account = Account()
    found: list[Outcome] = []
    for product in read_products(path, options or ReadOptions(), account):
        found.extend(account.rejections[sum(isinstance(each, RowRejection) for each in found) :])
        found.append(product)
    return [*found, *account.rejections[sum(isinstance(each, RowRejection) for each in found) :]]
