"""Rows as lenient reading takes them."""

from typing import Any

from shared.catalog.mending.row import Reading, read_leniently
from shared.catalog.product import Product

NAN = float("nan")


def read(**fields: Any) -> Reading:
    return read_leniently({"product_id": "p1", "title": "Kettle", **fields})


def product_of(**fields: Any) -> Product:
    outcome = read(**fields).outcome
    assert isinstance(outcome, Product), outcome
    return outcome
