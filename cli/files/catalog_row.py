"""A product as a row of a catalogue file.

`aisle get` and `aisle export` write the rows that `aisle index` reads.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.catalog.product import Product
from shared.catalog.rows import EMPTY

_AS_THEY_ARE = (
    "product_id",
    "title",
    "primary_product_id",
    "description",
    "available_quantity",
    "gtin",
    "sku",
    "uri",
    "language_code",
)
_LISTS = ("brands", "categories", "images", "tags")
_TIMES = ("publish_time", "available_time", "expire_time", "update_time")
_DEFAULTS = {"type": "primary", "availability": "in_stock"}


def row_of(product: Product) -> dict[str, Any]:
    """The fields of docs/catalog.md, without absent ones and defaults."""
    row: dict[str, Any] = {name: getattr(product, name) for name in _AS_THEY_ARE}
    row |= {
        name: value for name, default in _DEFAULTS.items() if (value := getattr(product, name)) != default
    }
    # A row with quantity 0 and no availability would be read as out of stock
    if product.available_quantity == 0:
        row["availability"] = product.availability
    row |= {name: list(getattr(product, name)) for name in _LISTS}
    row |= {name: _time(getattr(product, name)) for name in _TIMES}
    row["price"] = _price(product)
    row["rating"] = _rating(product)
    row["attributes"] = {name: list(values) for name, values in sorted(product.attributes.items())}
    return {name: value for name, value in row.items() if value not in EMPTY}


def _price(product: Product) -> Mapping[str, Any] | None:
    if product.price is None:
        return None
    price = {
        "amount": product.price,
        "original_amount": product.original_price,
        "currency_code": product.currency_code,
    }
    return {name: value for name, value in price.items() if value not in (None, "")}


def _rating(product: Product) -> Mapping[str, Any] | None:
    if product.rating_average is None:
        return None
    return {"average": product.rating_average, "count": product.rating_count}


def _time(seconds: float | None) -> str | float | None:
    """The time in RFC 3339, or as seconds since 1970 if no calendar date can express it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return seconds
