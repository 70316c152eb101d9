"""Reads the whole catalogue of a data folder: its snapshot, and later writes."""

from collections.abc import Iterator
from pathlib import Path

from services.standalone.written_since import read_catalogue
from shared.catalog.product import Product
from shared.errors import NotFound
from shared.snapshot.generation import Generation


def exported(data: Path) -> Iterator[Product]:
    """Every product of DATA once, including acknowledged writes.

    An engine may serve the folder meanwhile. Raises NotFound if the folder has no catalogue.
    """
    base, tail = read_catalogue(data)
    changes = {change.product_id: change.product for change in tail.changes()} if tail else {}
    if base is None and not changes:
        raise NotFound(f"{data}: has no catalogue; make one with 'aisle index CATALOG --data {data}'")
    yield from (product for product in _snapshot_products(base) if product.product_id not in changes)
    yield from (product for product in changes.values() if product)


def _snapshot_products(base: Generation | None) -> Iterator[Product]:
    if base is not None:
        yield from map(base.products.product, range(len(base.products)))
