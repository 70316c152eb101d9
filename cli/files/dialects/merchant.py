"""Feeds for Google Merchant Center, as a table or as XML.

The items of a group become variants of its first item.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cli.files.account import Account
from cli.files.dialect import Dialect, Row, first, listed, split, taken, without_empty
from cli.files.periods import in_effect
from cli.files.plain_text import plain_text
from shared.catalog.mending.amounts import amount_of, is_sale_price
from shared.catalog.mending.states import availability_of
from shared.json_lines import Line

_SLASHED = ("color", "material")
_ATTRIBUTES = (
    "size",
    "pattern",
    "gender",
    "age_group",
    "condition",
    "size_type",
    "size_system",
    "mpn",
)
_BY_MACHINE = "trained_algorithmic_media:"
_DIMENSIONS = ("product_length", "product_width", "product_height", "product_weight")


def _matches(names: frozenset[str], _: Row) -> bool:
    plain = {_plain(name) for name in names}
    return (
        "id" in plain
        and "product_id" not in plain  # an id of Aisle's own
        and bool(plain & {"title", "structured_title"})
        and ("image_link" in plain or {"link", "availability"} <= plain)
    )


def _plain(name: str) -> str:
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def offers(lines: Iterator[Line], row_of: Callable[[Row], Row]) -> Iterator[Line]:
    """The rows of a feed of offers.

    The first item of a group with id and title is the primary; the others are its variants.
    """
    firsts: dict[str, str] = {}  # the first product_id of each group
    for line in lines:
        if line.fault:
            yield line
            continue
        row = row_of(line.content)
        group = str(row.pop("group", None) or "")
        product_id = str(row.get("product_id") or "")
        if group and product_id and row.get("title"):
            primary = firsts.setdefault(group, product_id)
            if primary != product_id:
                row["type"] = "variant"
                row["primary_product_id"] = primary
        yield Line(line.number, row, "", line.bytes_read)


def _translated(lines: Iterator[Line], _: Account) -> Iterator[Line]:
    return offers(lines, offer_row)


def offer_row(content: Row) -> Row:
    """A feed row with Aisle's names. "group" holds its item group."""
    rest = {_plain(name): value for name, value in content.items()}
    categories, google = (
        listed(taken(rest, "product_type")),
        first(taken(rest, "google_product_category")),
    )
    images = [*listed(taken(rest, "image_link")), *split(taken(rest, "additional_image_link"))]
    attributes = _attributes(rest)
    if (categories and google) or str(google or "").isdigit():
        attributes["google_product_category"] = google
        google = None
    row = {
        "product_id": first(taken(rest, "id")),
        "title": _prose(rest, "title"),
        "description": _prose(rest, "description"),
        "uri": first(taken(rest, "link")),
        "images": images,
        "availability": _state(first(taken(rest, "availability"))),
        "available_quantity": first(taken(rest, "quantity", "inventory")),
        "available_time": first(taken(rest, "availability_date")),
        "expire_time": first(taken(rest, "expiration_date")),
        "price": price_of(rest),
        "brands": taken(rest, "brand"),
        "gtin": first(taken(rest, "gtin")),
        "categories": categories or listed(google),
        "attributes": attributes,
        "group": first(taken(rest, "item_group_id")),
    }
    return {**rest, **without_empty(row)}


def _prose(rest: Row, name: str) -> Any:
    """The plain text, or the structured one that a machine wrote.

    A table gives the latter as "trained_algorithmic_media:text".
    """
    structured = first(taken(rest, f"structured_{name}"))
    if isinstance(structured, dict):
        structured = structured.get("content")
    elif isinstance(structured, str):
        structured = structured.removeprefix(_BY_MACHINE).strip('"')
    return plain_text(first(taken(rest, name)) or structured)


def _state(value: Any) -> Any:
    return availability_of(value) or value


def price_of(rest: Row, now: datetime | None = None) -> Any:
    """The price. While a sale is in effect, the sale price and the price before it."""
    price = first(taken(rest, "price"))
    sale = first(taken(rest, "sale_price"))
    start, _, end = str(first(taken(rest, "sale_price_effective_date")) or "").partition("/")
    if sale and not is_sale_price(sale):
        rest["sale_price"] = sale  # counted as not read
    elif sale and in_effect(start, end, now):
        return _price(sale, price)
    return _price(price, None)


def _price(value: Any, original: Any) -> Any:
    """The price in numbers. An unreadable price is kept as it is, so that it is reported."""
    read = amount_of(value)
    before = amount_of(original)
    price = {
        "amount": read.value if read else value,
        "currency_code": read.currency_code if read else None,
    }
    if original is not None:
        price["original_amount"] = before.value if before else original
    return without_empty(price)


def _attributes(rest: Row) -> Row:
    attributes: Row = {name: split(taken(rest, name), "/") for name in _SLASHED}
    attributes |= {name: taken(rest, name) for name in (*_ATTRIBUTES, *_DIMENSIONS)}
    for detail in listed(taken(rest, "product_detail")):
        if isinstance(detail, dict) and isinstance(detail.get("attribute_name"), str):
            attributes.setdefault(detail["attribute_name"], detail.get("attribute_value"))
        else:
            rest["product_detail"] = detail
    return without_empty(attributes)


DIALECT = Dialect("merchant", "a Google Merchant Center feed", _matches, _translated)
