"""Converts products to and from aisle.v1.Product, the message used by RPCs and snapshots."""

from google.protobuf.timestamp_pb2 import Timestamp

from aisle.v1 import catalog_pb2 as pb
from shared.catalog.product import AttributeValues, Product

_TIMES = ("publish_time", "available_time", "expire_time", "update_time")
_TYPES = {pb.PRODUCT_TYPE_VARIANT: "variant"}
_AVAILABILITIES = {
    pb.AVAILABILITY_OUT_OF_STOCK: "out_of_stock",
    pb.AVAILABILITY_PREORDER: "preorder",
    pb.AVAILABILITY_BACKORDER: "backorder",
}
_TYPE_NUMBERS = {"primary": pb.PRODUCT_TYPE_PRIMARY, "variant": pb.PRODUCT_TYPE_VARIANT}
_AVAILABILITY_NUMBERS = {
    "in_stock": pb.AVAILABILITY_IN_STOCK,
    **{name: n for n, name in _AVAILABILITIES.items()},
}


def to_message(product: Product) -> pb.Product:
    """The message of a valid product."""
    message = pb.Product(
        product_id=product.product_id,
        type=_TYPE_NUMBERS[product.type],
        primary_product_id=product.primary_product_id,
        title=product.title,
        description=product.description,
        brands=product.brands,
        categories=product.categories,
        availability=_AVAILABILITY_NUMBERS[product.availability],
        available_quantity=product.available_quantity,
        gtin=product.gtin,
        sku=product.sku,
        uri=product.uri,
        images=product.images,
        tags=product.tags,
        publish_time=_timestamp(product.publish_time),
        available_time=_timestamp(product.available_time),
        expire_time=_timestamp(product.expire_time),
        language_code=product.language_code,
        update_time=_timestamp(product.update_time),
    )
    for name, values in product.attributes.items():
        _write_values(message.attributes[name], values)
    if product.price is not None:
        message.price.CopyFrom(_price(product, product.price))
    if product.rating_average is not None:
        message.rating.CopyFrom(pb.Rating(average=product.rating_average, count=product.rating_count))
    return message


def from_message(message: pb.Product) -> Product:
    """The product of a message. Unknown enum values become their defaults."""
    price = message.price if message.HasField("price") else None
    rating = message.rating if message.HasField("rating") else None
    return Product(
        product_id=message.product_id,
        title=message.title,
        type=_TYPES.get(message.type, "primary"),
        primary_product_id=message.primary_product_id,
        description=message.description,
        brands=tuple(message.brands),
        categories=tuple(message.categories),
        price=price.amount if price else None,
        original_price=price.original_amount if price and price.HasField("original_amount") else None,
        currency_code=price.currency_code if price else "",
        availability=_AVAILABILITIES.get(message.availability, "in_stock"),
        available_quantity=message.available_quantity if message.HasField("available_quantity") else None,
        rating_average=rating.average if rating else None,
        rating_count=rating.count if rating else 0,
        gtin=message.gtin,
        sku=message.sku,
        uri=message.uri,
        images=tuple(message.images),
        attributes={name: _read_values(values) for name, values in message.attributes.items()},
        tags=tuple(message.tags),
        language_code=message.language_code,
        **{name: _seconds(message, name) for name in _TIMES},
    )


def _price(product: Product, amount: float) -> pb.Price:
    return pb.Price(
        amount=amount, original_amount=product.original_price, currency_code=product.currency_code
    )


def _write_values(message: pb.AttributeValues, values: AttributeValues) -> None:
    if values and isinstance(values[0], str):
        message.text.extend(values)
    else:
        message.numbers.extend(values)  # type: ignore[arg-type]


def _read_values(values: pb.AttributeValues) -> AttributeValues:
    return (*values.text, *values.numbers)  # type: ignore[return-value]  # both kinds: validation refuses them


def _timestamp(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    # A float holds microseconds of our century, not nanoseconds
    nanoseconds = round(seconds * 1e6) * 1_000
    return Timestamp(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)


def _seconds(message: pb.Product, field: str) -> float | None:
    if not message.HasField(field):  # type: ignore[arg-type]
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.seconds + stamp.nanos / 1e9


def to_bytes(product: Product) -> bytes:
    """The serialised message of a valid product. Equal products give equal bytes."""
    return to_message(product).SerializeToString(deterministic=True)


def family_of(payload: bytes) -> tuple[str, str]:
    """The id of a serialised product, and that of the primary product of its family of variants."""
    message = pb.Product.FromString(payload)
    return message.product_id, message.primary_product_id or message.product_id


def from_bytes(payload: bytes) -> Product:
    """The product of a serialised message."""
    return from_message(pb.Product.FromString(payload))
