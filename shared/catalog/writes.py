"""A record of aisle.catalog as a value: a whole product, some of its fields, or its removal.

A whole product and a removal have the product_id as their key. A write of fields has the product_id
and the paths of the fields, each after a NUL. So the log's compaction may drop an older record of
the same key, because the newer one replaces it. A removal has a second record with the key
`product_id NUL`. That record stays when the product comes back, and says that its variants were
removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from aisle.v1.catalog_pb2 import Product as Message
from shared.catalog.paths import is_path, part, with_fields
from shared.catalog.product import Product
from shared.catalog.wire import from_message, to_message
from shared.events.log import NewRecord, Record

_SEPARATOR = "\x00"  # occurs in no product_id and no path


@dataclass(frozen=True, slots=True)
class Write:
    """A write to a product.

    Without a product it is a removal. With fields, only those of the product are written. A record
    of fields without a product was cleared away, and has no effect.
    """

    product_id: str
    product: Product | None
    fields: tuple[str, ...] = ()

    @property
    def is_removal(self) -> bool:
        return self.product is None and not self.fields

    def is_older_than(self, before: Product | None) -> bool:
        """Whether both name the time of their state, and the write's is the earlier one."""
        return self.product is not None and is_older(self.product, before)

    def applied_to(self, before: Product | None) -> Product | None:
        """The product after the write. Fields of a missing product have no effect."""
        if not self.fields:
            return self.product
        if before is None or self.product is None:
            return before
        return with_fields(before, self.product, self.fields)


def is_older(product: Product, before: Product | None) -> bool:
    """Whether a product's update_time is before that of its earlier state, to the microsecond."""
    if before is None or before.update_time is None or product.update_time is None:
        return False
    return round(product.update_time * 1e6) < round(before.update_time * 1e6)


def whole(message: Message) -> NewRecord:
    """The record of a whole product."""
    return NewRecord(message.product_id, message.SerializeToString())


def some(message: Message, fields: Sequence[str]) -> NewRecord:
    """The record of some fields. A field that the message lacks is removed from the product."""
    key = _SEPARATOR.join((message.product_id, *sorted(fields)))
    return NewRecord(key, part(message, fields).SerializeToString())


def again(write: Write, now: Product) -> NewRecord:
    """A record with the write's key and the product's current values.

    A log that keeps the newest record of a key then keeps this one, and not that of the write.
    """
    message = to_message(now)
    return some(message, write.fields) if write.fields else whole(message)


def removal(product_id: str) -> NewRecord:
    """The record of a removal."""
    return NewRecord(product_id, None)


def removals(product_ids: Iterable[str]) -> list[NewRecord]:
    """The records of removals, two for each product."""
    return [
        record for each in product_ids for record in (removal(each), NewRecord(f"{each}{_SEPARATOR}", None))
    ]


def from_record(record: Record) -> Write:
    """The write in a record. Raises ValueError if the record cannot be read."""
    record.check()
    product_id, *paths = record.key.split(_SEPARATOR)
    fields = tuple(path for path in paths if path)
    if strange := [path for path in fields if not is_path(path)]:
        raise ValueError(f"aisle.catalog {record.offset}: {strange[0]!r} is no field of a product")
    if record.value is None:
        return Write(product_id, None, fields)
    try:
        return Write(product_id, from_message(Message.FromString(record.value)), fields)
    except DecodeError as error:
        raise ValueError(f"aisle.catalog {record.offset} of {product_id!r}: {error}") from error
