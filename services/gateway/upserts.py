"""What upserts must be to be taken in, and the records that they become."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from protos.catalog_pb2 import Product, UpsertProductsRequest
from shared.catalog import validation, wire, writes
from shared.errors import Unavailable
from shared.events.log import MAX_RECORD_BYTES, NewRecord
from shared.pace import unhurried

Position = Callable[[], Awaitable[int]]
Shown = Callable[[Sequence[str], int, float], Awaitable[Sequence[Product]]]

MAX_PRODUCT_BYTES = MAX_RECORD_BYTES - 100_000  # what encoders add to a product must fit into a record, too
_TIMES = ("publish_time", "available_time", "expire_time")
_NANOS = "has nanos outside 0 to 999999999; send a timestamp"
_PATIENCE_MS = 5_000.0  # for a product that was written a moment ago


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an upsert is not taken: the field at fault, and what is wrong with it."""

    field: str
    reason: str


Outcome = Fault | list[NewRecord]


async def outcomes(requests: Sequence[UpsertProductsRequest], before: Position, shown: Shown) -> list[Outcome]:
    """The records of each upsert, or its fault.

    Fields can be replaced in products that are there or come before them here. `shown` gives products by id as searches
    show them, waiting some milliseconds for the log up to a position; `before` says that of what was written before.
    Raises Unavailable when it cannot be said whether a product is there.
    """
    products = await _known(requests, before, shown)
    return [_outcome(request, products) async for request in unhurried(requests)]


async def _known(requests: Sequence[UpsertProductsRequest], before: Position, shown: Shown) -> dict[str, Product]:
    """The products of which fields are to be replaced, as far as they are there."""
    wanted = {request.product.product_id for request in requests if request.update_mask.paths}
    if not wanted:
        return {}
    known = {product.product_id: product for product in await shown(sorted(wanted), 0, 0.0)}
    coming = {request.product.product_id for request in requests if not request.update_mask.paths}
    if missing := sorted(wanted - known.keys() - coming):
        try:
            later = await shown(missing, await before(), _PATIENCE_MS)
        except Unavailable as error:
            raise Unavailable(f"it cannot be said whether product {missing[0]!r} is there ({error})") from error
        known |= {product.product_id: product for product in later}
    return known


def _outcome(request: UpsertProductsRequest, products: dict[str, Product]) -> Outcome:
    """`products` has what is there before the upsert, and afterwards what is there then."""
    product, fields = request.product, list(dict.fromkeys(request.update_mask.paths))
    if strange := [field for field in fields if field not in writes.FIELDS]:
        remedy = f"use top-level fields of a product without product_id: {', '.join(writes.FIELDS)}"
        return Fault("update_mask", f"{strange[0]!r} cannot be replaced; {remedy}")
    if fields and product.product_id not in products:
        return Fault("product_id", f"there is no product {product.product_id!r}; send the whole product")
    after = _replaced(products[product.product_id], product, fields) if fields else product
    if fault := _fault(after):
        return fault
    products[product.product_id] = after
    return [writes.single(product, field) for field in fields] if fields else [writes.whole(product)]


def _replaced(before: Product, product: Product, fields: Sequence[str]) -> Product:
    after = Product()
    after.MergeFrom(before)
    for field in fields:
        after.ClearField(field)  # type: ignore[arg-type]
        after.MergeFrom(writes.part(product, field))
    return after


def _fault(product: Product) -> Fault | None:
    if (size := product.ByteSize()) > MAX_PRODUCT_BYTES:
        return Fault("product", f"has {size:,} bytes; keep it within {MAX_PRODUCT_BYTES:,}")
    found = [*_violations_of_times(product), *validation.violations(wire.from_message(product))]
    return Fault(found[0].field, found[0].reason) if found else None


def _violations_of_times(product: Product) -> list[validation.Violation]:
    """Timestamps that are none: a product has its times in seconds and would not show it."""
    nanos = {name: getattr(product, name).nanos for name in _TIMES}
    return [validation.Violation(name, _NANOS) for name, value in nanos.items() if not 0 <= value < 1_000_000_000]
