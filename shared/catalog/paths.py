"""Fields of a product by their paths, as update_mask names them.

A path is a whole field, a member of price or rating, or an attribute:

price              the whole price         price.amount, price.original_amount, price.currency_code
rating             the whole rating        rating.average, rating.count
attributes         all attributes          attributes.NAME
title, brands ...  every other field of the message except product_id
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from google.protobuf.field_mask_pb2 import FieldMask

from aisle.v1.catalog_pb2 import Product as Message
from shared.catalog.product import AttributeValues, Product

WHOLE_FIELDS = tuple(field.name for field in Message.DESCRIPTOR.fields if field.name != "product_id")
MEMBERS: Mapping[str, Mapping[str, str]] = {
    "price": {
        "amount": "price",
        "original_amount": "original_price",
        "currency_code": "currency_code",
    },
    "rating": {"average": "rating_average", "count": "rating_count"},
}  # field of the message: the attributes of Product
_ATTRIBUTE = "attributes."
_ATTRIBUTE_PATH = re.compile(r"attributes\.[^\x00-\x1f\x7f-\x9f]{1,128}")
_MEMBER_PATHS = {
    f"{field}.{name}": value for field, names in MEMBERS.items() for name, value in names.items()
}
_ALWAYS_SENT = {"price.amount", "rating.average"}  # proto3 numbers without presence: 0 is a value


def is_path(path: str) -> bool:
    """Whether a path names a field that can be replaced."""
    return path in WHOLE_FIELDS or path in _MEMBER_PATHS or bool(_ATTRIBUTE_PATH.fullmatch(path))


def expanded(message: Message, paths: Iterable[str]) -> list[str]:
    """The paths, with price, rating and attributes replaced by the members that the message has.

    So members that were not sent keep their values. If the message lacks the whole field, its path
    stays, and the field is removed.
    """
    return list(dict.fromkeys(each for path in paths for each in _expanded(message, path)))


def _expanded(message: Message, path: str) -> list[str]:
    if path == "attributes":
        return [f"{_ATTRIBUTE}{name}" for name in sorted(message.attributes)] or [path]
    if path in MEMBERS and message.HasField(path):  # type: ignore[arg-type]
        sent = getattr(message, path)
        members = (f"{path}.{name}" for name in MEMBERS[path])
        return [each for each in members if each in _ALWAYS_SENT or _is_sent(sent, each.partition(".")[2])]
    return [path]


def _is_sent(message: object, name: str) -> bool:
    return any(field.name == name for field, _ in message.ListFields())  # type: ignore[attr-defined]


def part(message: Message, paths: Sequence[str]) -> Message:
    """A message with only the id, the update_time and some fields of another."""
    alone = Message(product_id=message.product_id)
    if message.HasField("update_time"):
        alone.update_time.CopyFrom(message.update_time)
    FieldMask(paths=[path for path in paths if not path.startswith(_ATTRIBUTE)]).MergeMessage(message, alone)
    for field in {path.partition(".")[0] for path in paths if path in _MEMBER_PATHS}:
        if message.HasField(field):  # type: ignore[arg-type]
            getattr(alone, field).SetInParent()
    for name in (path.removeprefix(_ATTRIBUTE) for path in paths if path.startswith(_ATTRIBUTE)):
        if name in message.attributes:
            alone.attributes[name].CopyFrom(message.attributes[name])
    return alone


def with_fields(product: Product, source: Product, paths: Iterable[str]) -> Product:
    """A product with some fields taken from another, and its update_time if it has one."""
    values: dict[str, object] = {}
    if source.update_time is not None:
        values["update_time"] = source.update_time
    attributes = dict(product.attributes)
    for path in paths:
        if path == "attributes":
            attributes = dict(source.attributes)
        elif path.startswith(_ATTRIBUTE):
            _replace_attribute(attributes, source, path.removeprefix(_ATTRIBUTE))
        else:
            values |= {name: getattr(source, name) for name in _names(path)}
    return replace(product, **values, attributes=attributes)  # type: ignore[arg-type]


def _replace_attribute(attributes: dict[str, AttributeValues], source: Product, name: str) -> None:
    if values := source.attributes.get(name):
        attributes[name] = values
    else:
        attributes.pop(name, None)


def _names(path: str) -> Iterable[str]:
    """The attributes of Product at a path."""
    return MEMBERS[path].values() if path in MEMBERS else (_MEMBER_PATHS.get(path, path),)
