"""Availability and quantity in WooCommerce's product CSV."""

from typing import Any

from cli.files.dialect import Row, taken
from shared.catalog.mending.amounts import decimal_of

_YES = ("1", "yes", "true", "instock")
_BACKORDER = ("1", "yes", "notify", "true")


def stock(rest: Row) -> Row:
    """The stock of a simple product.

    "parent" in a variation means that the parent's stock counts.
    """
    said, quantity, backorders = (taken(rest, name) for name in ("In stock?", "Stock", "Backorders allowed?"))
    count = None if str(quantity).strip().lower() == "parent" else quantity
    state = "in_stock" if said is None or str(said).lower() in _YES else "out_of_stock"
    if str(said or "").lower() in ("backorder", "onbackorder"):
        state = "backorder"
    if state == "in_stock" and _is_gone(count):
        sells_on = str(backorders).lower() in _BACKORDER
        state = "backorder" if sells_on else "out_of_stock" if said is None else state
    return {"availability": state, "available_quantity": count}


def _is_gone(count: Any) -> bool:
    """Whether a number means that the stock is used up."""
    left = decimal_of(str(count).strip().removeprefix("-"))
    return left is not None and (left == 0 or str(count).strip().startswith("-"))
