"""Checks upserts, and turns them into records."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aisle.v1.catalog_pb2 import Product as Message
from aisle.v1.catalog_pb2 import UpsertProductsRequest
from services.gateway.catalog.latest_times import LatestTimes
from services.gateway.catalog.shown_products import ShownProducts
from shared.catalog import validation, wire, writes
from shared.catalog.acceptance import MAX_PRODUCT_BYTES, objection
from shared.catalog.paths import WHOLE_FIELDS, expanded, is_path, part, with_fields
from shared.catalog.product import Product
from shared.errors import InvalidRequest, Unavailable
from shared.events.log import CATALOG, NewRecord, check_sizes
from shared.time_slice import in_slices

_MAX_PATHS = 1_000
_TIMES = ("publish_time", "available_time", "expire_time", "update_time")
_NANOS = "has nanos outside 0 to 999999999; send a timestamp"
_MAX_WAIT_MS = 5_000.0  # for recent writes
# Paths that may lead to any attribute
_ANY = Product("any", "any", primary_product_id="any", price=1.0, rating_average=1.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """The reason to reject an upsert: the field at fault, and the fault."""

    field: str
    reason: str
    # False: judged by the product as shown, which a recent write may have changed
    is_sure: bool = True
    is_outdated: bool = False  # valid, but the product has a newer update_time


Outcome = Fault | list[NewRecord]


async def outcomes(
    requests: Sequence[UpsertProductsRequest],
    shown: ShownProducts,
    removed: Collection[str] = (),
    times: LatestTimes | None = None,
) -> list[Outcome]:
    """The records of each upsert, or its fault.

    Fields can be replaced in products that exist, or that come earlier in the call. It waits for
    earlier writes only if a product is missing, would be invalid, was `removed` recently, or may
    have been written with a later time. Raises Unavailable if it cannot find out whether a product
    exists, or is newer.
    """
    known = await _known(requests, shown, (times and times.position) or 0)
    found = await _judged(requests, known)
    doubtful = {
        request.product.product_id
        for request, each in zip(requests, found, strict=True)
        if _is_doubtful(each)
    }
    doubtful |= known.keys() & set(removed)
    if times is not None:
        doubtful |= {each for each, time in update_times(requests) if times.may_be_newer(each, time)}
    if doubtful:
        found = await _judged(requests, {**known, **await _settled(sorted(doubtful), shown)})
    return found


def _is_doubtful(outcome: Outcome) -> bool:
    return isinstance(outcome, Fault) and not outcome.is_sure


def update_times(requests: Iterable[UpsertProductsRequest]) -> Iterator[tuple[str, float]]:
    """The ids and times of the products that are written only if they are not older."""
    for request in requests:
        stamp = request.product.update_time
        if request.product.HasField("update_time"):
            yield request.product.product_id, stamp.seconds + stamp.nanos / 1e9


async def _known(
    requests: Sequence[UpsertProductsRequest], shown: ShownProducts, position: int
) -> dict[str, Product | None]:
    """The shown products with which upserts are compared.

    If any has an update_time, they are read once the log up to `position` is shown.
    """
    timed = {product_id for product_id, _ in update_times(requests)}
    masked = {request.product.product_id for request in requests if request.update_mask.paths}
    wanted = sorted(timed | masked)
    if not wanted:
        return {}
    return _by_id(wanted, await shown.by_ids(wanted, position if timed else 0, _MAX_WAIT_MS))


async def _settled(product_ids: Sequence[str], shown: ShownProducts) -> dict[str, Product | None]:
    """The products, once all earlier writes are shown."""
    try:
        return _by_id(product_ids, await shown.by_ids(product_ids, await shown.position(), _MAX_WAIT_MS))
    except Unavailable as error:
        raise Unavailable(f"cannot tell whether product {product_ids[0]!r} exists ({error})") from error


def _by_id(product_ids: Sequence[str], messages: Sequence[Message]) -> dict[str, Product | None]:
    found = {message.product_id: wire.from_message(message) for message in messages}
    return {product_id: found.get(product_id) for product_id in product_ids}


async def _judged(
    requests: Sequence[UpsertProductsRequest], known: Mapping[str, Product | None]
) -> list[Outcome]:
    products = dict(known)
    return [_outcome(request, products) async for request in in_slices(requests)]


def _outcome(request: UpsertProductsRequest, products: dict[str, Product | None]) -> Outcome:
    """The outcome of an upsert.

    `products` holds the products before it, and afterwards those after it.
    """
    message = request.product
    paths = list(dict.fromkeys(request.update_mask.paths))
    if paths:
        return _outcome_of_fields(message, paths, products)
    if fault := _fault_of_message(message):
        return fault
    product = wire.from_message(message)
    if found := validation.violations(product):
        return Fault(found[0].field, found[0].reason)
    if writes.is_older(product, before := products.get(product.product_id)):
        return _outdated(before)
    products[product.product_id] = product
    return [writes.whole(message)]


def _outdated(before: Product | None) -> Fault:
    newest = datetime.fromtimestamp(before.update_time, UTC) if before and before.update_time else None
    reason = f"is older than that of the product, {newest}; send a later one to apply the write"
    return Fault("update_time", reason, is_sure=False, is_outdated=True)


def _outcome_of_fields(
    message: Message, paths: Sequence[str], products: dict[str, Product | None]
) -> Outcome:
    if fault := _fault_of_paths(paths):
        return fault
    fields = expanded(message, paths)
    sent = part(message, fields)
    source = wire.from_message(sent)
    if (
        fault := _fault_of_message(sent)
        or _fault(with_fields(_ANY, source, fields))
        or _fault_of_size(sent, fields)
    ):
        return fault
    before = products.get(message.product_id)
    if before is None:
        reason = f"there is no product {message.product_id!r}; send the whole product"
        return Fault("product_id", reason, is_sure=False)
    if writes.is_older(source, before):
        return _outdated(before)
    after = with_fields(before, source, fields)
    if fault := _fault(after, is_sure=False):
        return fault
    products[message.product_id] = after
    return [writes.some(sent, fields)]


def _fault_of_paths(paths: Sequence[str]) -> Fault | None:
    if len(paths) > _MAX_PATHS:
        return Fault(
            "update_mask",
            f"has {len(paths):,} paths; send at most {_MAX_PATHS:,}, or the whole product",
        )
    if strange := [path for path in paths if not is_path(path)]:
        remedy = f"use {', '.join(WHOLE_FIELDS)}, a member such as price.amount, or attributes.NAME"
        return Fault(
            "update_mask", (f"{validation.printable(strange[0][:60])!r} cannot be replaced; {remedy}")
        )
    return None


def _fault_of_message(message: Message) -> Fault | None:
    """Faults that only the message can have: too many bytes, invalid timestamps."""
    if (size := message.ByteSize()) > MAX_PRODUCT_BYTES:
        return Fault("product", f"has {size:,} bytes; keep it within {MAX_PRODUCT_BYTES:,}")
    nanos = {name: getattr(message, name).nanos for name in _TIMES}
    return next(
        (Fault(name, _NANOS) for name, value in nanos.items() if not 0 <= value < 1_000_000_000),
        None,
    )


def _fault(product: Product, is_sure: bool = True) -> Fault | None:
    found = objection(product)
    return Fault(found.field, found.reason, is_sure) if found else None


def _fault_of_size(message: Message, fields: Sequence[str]) -> Fault | None:
    """A fault of the record's size, which includes the names of many fields."""
    try:
        check_sizes(CATALOG, [writes.some(message, fields)])
    except InvalidRequest as error:
        return Fault("update_mask", f"{error.reason}, or send the whole product")
    return None
