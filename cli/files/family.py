"""A product and its variants, for formats that write them together."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from cli.files.dialect import Row, listed, without_empty
from shared.catalog.fields import ATTRIBUTES, LIST_VALUES
from shared.catalog.mending.amounts import number_of
from shared.catalog.mending.states import availability_of

_INHERITED = (
    "description",
    "brands",
    "categories",
    "images",
    "uri",
    "tags",
    "language_code",
    "publish_time",
)
_BEST_FIRST = ("in_stock", "backorder", "preorder", "out_of_stock")
_ID_BYTES = 128


def family(primary: Row, variants: Sequence[Row], choices: Sequence[Sequence[str]]) -> Iterator[Row]:
    """The rows of a product.

    A product with one variant and no choices is one row; others are a primary and its variants.

    `choices` has the values that tell each variant from the others. A variant without an id gets
    one made of these. Fields that it lacks come from the primary, whose price is that of the
    cheapest variant.
    """
    if len(variants) == 1 and not choices[0]:
        yield _joined(primary, variants[0])
        return
    yield primary_of(primary, variants) if variants else primary
    for at, (variant, values) in enumerate(zip(variants, choices, strict=True), 1):
        yield variant_of(primary, variant, values or [str(variant.get("sku") or at)])


def _joined(primary: Row, variant: Row) -> Row:
    attributes = {**_attributes(variant), **_attributes(primary)}
    images = _united([primary, variant], "images")
    own = {name: value for name, value in variant.items() if name not in ("product_id", "title", *_INHERITED)}
    joined = {**variant, **own, **primary, "attributes": attributes, "images": images}
    return without_empty(joined)


def variant_of(primary: Row, variant: Row, values: Sequence[str] = ()) -> Row:
    """A variant, with the fields that it lacks taken from its primary.

    `values` tell it from the others. It inherits no more than a product may hold: thousands of
    variants may have thousands of pictures.
    """
    inherited = {name: _first_values(primary[name]) for name in _INHERITED if name in primary}
    row = {**inherited, **without_empty(variant)}
    own = _attributes(variant)
    row["attributes"] = {
        **dict(islice(_attributes(primary).items(), max(0, ATTRIBUTES - len(own)))),
        **own,
    }
    row["type"] = "variant"
    row["primary_product_id"] = primary.get("product_id")
    row.setdefault("title", _titled(primary.get("title"), values))
    if not row.get("product_id"):
        row["product_id"] = _id(primary.get("product_id"), values)
    return row


def _titled(title: Any, values: Sequence[str]) -> Any:
    return f"{title} - {' / '.join(values)}" if title and values else title


def _id(product_id: Any, values: Sequence[str]) -> str:
    whole = "/".join([str(product_id or ""), *values])
    return whole.encode()[:_ID_BYTES].decode(errors="ignore")


def primary_of(primary: Row, variants: Sequence[Row]) -> Row:
    """A primary with the lowest price and the best availability of its variants.

    It also has all of their attributes and images.
    """
    row = dict(primary)
    if not row.get("price"):
        row["price"] = _lowest(variants)
    if not row.get("availability"):
        said = {availability_of(each.get("availability")) or "in_stock" for each in variants}
        row["availability"] = next(state for state in _BEST_FIRST if state in said)
    row["attributes"] = _united_attributes([primary, *variants])
    row["images"] = _united([primary, *variants], "images")
    return without_empty(row)


def _lowest(variants: Sequence[Row]) -> Any:
    priced = [
        (amount, each["price"]) for each in variants if (amount := number_of(each.get("price"))) is not None
    ]
    return min(priced, key=lambda each: each[0])[1] if priced else None


def _first_values(value: Any) -> Any:
    return value[:LIST_VALUES] if isinstance(value, list) else value


def _attributes(row: Row) -> dict[str, Any]:
    found = row.get("attributes")
    return found if isinstance(found, dict) else {}


def _united_attributes(rows: Sequence[Row]) -> dict[str, list[Any]]:
    united: dict[str, dict[Any, Any]] = {}
    for row in rows:
        for name, values in _attributes(row).items():
            kept = united.setdefault(name, {})
            for value in listed(values):
                kept.setdefault(repr(value) if isinstance(value, (list, dict)) else value, value)
    return {name: list(kept.values()) for name, kept in united.items()}


def _united(rows: Sequence[Row], name: str) -> list[Any]:
    return list(
        dict.fromkeys(value for row in rows for value in listed(row.get(name)) if isinstance(value, str))
    )
