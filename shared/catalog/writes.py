"""A record of aisle.catalog as a value: a whole product, some fields of it, or its removal.

The key of a whole product and of a removal is the product_id; that of a write of fields is the
product_id and the paths of the fields, each after a NUL. So the log's compaction may drop an older
record of the same key: what is newer says it all. A removal has a second record with the key
`product_id NUL`: it stays when the product comes back, and says that its variants went with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from aisle.v1.catalog_pb2 import Product as Message
from shared.catalog.paths import is_path, part, with_fields
from shared.catalog.product import Product
from shared.catalog.wire import from_message
from shared.events.log import NewRecord, Record

_SEPARATOR = "\x00"  # in no product_id and in no path


@dataclass(frozen=True, slots=True)
class Write:
    """What happens to a product.

    Without a product it is removed; with fields, only those are taken from it.

    A record of fields without a product is one that was cleared away, and does nothing.
    """

    product_id: str
    product: Product | None
    fields: tuple[str, ...] = ()

    @property
    def is_removal(self) -> bool:
        return self.product is None and not self.fields

    def applied_to(self, before: Product | None) -> Product | None:
        """The product afterwards; a field of a product that is not there changes nothing."""
        if not self.fields:
            return self.product
        if before is None or self.product is None:
            return before
        return with_fields(before, self.product, self.fields)


def whole(message: Message) -> NewRecord:
    """The record of a whole product."""
    return NewRecord(message.product_id, message.SerializeToString())


def some(message: Message, fields: Sequence[str]) -> NewRecord:
    """The record of some fields; what is absent in the message is absent in the product afterwards."""
    key = _SEPARATOR.join((message.product_id, *sorted(fields)))
    return NewRecord(key, part(message, fields).SerializeToString())


def removal(product_id: str) -> NewRecord:
    """The record of a removal."""
    return NewRecord(product_id, None)


def removals(product_ids: Iterable[str]) -> list[NewRecord]:
    """The records of removals, two for each product."""
    return [
        record for each in product_ids for record in (removal(each), NewRecord(f"{each}{_SEPARATOR}", None))
    ]


def from_record(record: Record) -> Write:
    """The write in a record. Raises ValueError when there is none that can be read."""
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
