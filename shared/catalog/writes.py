"""A record of aisle.catalog as a value: a whole product, one field of it, or its removal.

The key of a whole product and of a removal is the product_id; that of a single field is the product_id, a NUL, and the
field's name. So the log's compaction may drop an older record of the same key: what is newer says it all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from google.protobuf.message import DecodeError

from protos.catalog_pb2 import Product as Message
from shared.catalog.product import Product
from shared.catalog.wire import from_message
from shared.events.log import NewRecord, Record

_SEPARATOR = "\x00"  # in no product_id
_PARTS = {"price": ("price", "original_price", "currency_code"), "rating": ("rating_average", "rating_count")}
FIELDS = tuple(field.name for field in Message.DESCRIPTOR.fields if field.name != "product_id")


@dataclass(frozen=True, slots=True)
class Write:
    """What happens to a product. Without a product it is removed; with a field, only that is taken from it.

    A field's record without a product is one that was cleared away, and does nothing.
    """

    product_id: str
    product: Product | None
    field: str = ""

    def applied_to(self, before: Product | None) -> Product | None:
        """The product afterwards; a field of a product that is not there changes nothing."""
        if not self.field:
            return self.product
        if before is None or self.product is None:
            return before
        return with_fields(before, self.product, (self.field,))


def with_fields(product: Product, source: Product, fields: tuple[str, ...]) -> Product:
    """A product with some of its FIELDS as they are in another."""
    names = [name for field in fields for name in _PARTS.get(field, (field,))]
    return replace(product, **{name: getattr(source, name) for name in names})


def whole(message: Message) -> NewRecord:
    """The record of a whole product."""
    return NewRecord(message.product_id, message.SerializeToString())


def part(message: Message, field: str) -> Message:
    """A message that has of another its id and one of FIELDS alone."""
    alone = Message()
    alone.MergeFrom(message)
    for name in FIELDS:
        if name != field:
            alone.ClearField(name)  # type: ignore[arg-type]
    return alone


def single(message: Message, field: str) -> NewRecord:
    """The record of one of FIELDS; absent in the message, it is absent in the product afterwards."""
    return NewRecord(f"{message.product_id}{_SEPARATOR}{field}", part(message, field).SerializeToString())


def removal(product_id: str) -> NewRecord:
    """The record of a removal."""
    return NewRecord(product_id, None)


def from_record(record: Record) -> Write:
    """The write in a record. Raises ValueError when there is none that can be read."""
    product_id, _, field = record.key.partition(_SEPARATOR)
    if field and field not in FIELDS:
        raise ValueError(f"aisle.catalog {record.offset}: {field!r} is no field of a product")
    if record.value is None:
        return Write(product_id, None, field)
    try:
        return Write(product_id, from_message(Message.FromString(record.value)), field)
    except DecodeError as error:
        raise ValueError(f"aisle.catalog {record.offset} of {product_id!r}: {error}") from error
