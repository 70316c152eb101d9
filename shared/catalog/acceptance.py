"""Checks whether a product can be accepted after a write."""

from collections.abc import Iterator

from shared.catalog.product import Product
from shared.catalog.validation import Violation, violations
from shared.catalog.wire import to_message
from shared.events.log import MAX_RECORD_BYTES

# Leaves room in a record for what encoders add to a product
MAX_PRODUCT_BYTES = MAX_RECORD_BYTES - 100_000


def objection(product: Product) -> Violation | None:
    """The first reason to reject a product. Returns None if it is valid and fits into the log."""
    found = next(iter(violations(product)), None) or next(_without_amount(product), None)
    return found or _size(product)


def _without_amount(product: Product) -> Iterator[Violation]:
    """Members of an absent price or rating. The product's message has no place for them."""
    if product.price is None and (product.original_price is not None or product.currency_code):
        yield Violation("price.amount", "is missing; send it with the other members of price")
    if product.rating_average is None and product.rating_count:
        yield Violation("rating.average", "is missing; send it with rating.count")


def _size(product: Product) -> Violation | None:
    size = to_message(product).ByteSize()
    if size <= MAX_PRODUCT_BYTES:
        return None
    return Violation("product", f"has {size:,} bytes; keep it within {MAX_PRODUCT_BYTES:,}")
