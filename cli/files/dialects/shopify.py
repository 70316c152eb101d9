"""Shopify's product CSV, with the headers used before 2024 or the later ones.

Each variant and each further picture has a row of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cli.files.account import Account, RowRejection
from cli.files.dialect import Dialect, Row, split, without_empty
from cli.files.family import family
from cli.files.plain_text import plain_text
from shared.catalog.mending.states import availability_of
from shared.json_lines import Line

_HANDLES = ("handle", "url handle")
_SIGNS = (
    "variant price",
    "option1 name",
    "body (html)",
    "variant sku",
    "compare-at price",
    "product image url",
)
_OURS = {
    "title": "title",
    "body (html)": "description",
    "description": "description",
    "vendor": "brands",
    "product category": "category",
    "standardized product type": "category",
    "custom product type": "product_type",
    "type": "product_type",
    "tags": "tags",
    "published": "published",
    "published on online store": "published",
    "status": "status",
    "variant sku": "sku",
    "sku": "sku",
    "variant barcode": "gtin",
    "barcode": "gtin",
    "variant price": "amount",
    "price": "amount",
    "variant compare at price": "original_amount",
    "compare-at price": "original_amount",
    "variant inventory tracker": "tracker",
    "inventory tracker": "tracker",
    "variant inventory qty": "quantity",
    "inventory quantity": "quantity",
    "variant inventory policy": "policy",
    "continue selling when out of stock": "policy",
    "image src": "image",
    "product image url": "image",
    "variant image": "variant_image",
    "variant image url": "variant_image",
    **{name: "handle" for name in _HANDLES},
    **{f"option{at} {kind}": f"option{at} {kind}" for at in (1, 2, 3) for kind in ("name", "value")},
}
_NO_HANDLE = "has no handle; write the product's handle into each of its rows"
_NOT_SHOWN = ("draft", "archived", "unlisted")
_GOOGLE = "google shopping / "
_GOOGLE_ATTRIBUTES = ("gender", "age group", "condition", "mpn")
_MOST_ROWS = 5_000  # rows of one product; Shopify allows 2,048 variants


def _matches(names: frozenset[str], _: Row) -> bool:
    plain = {name.lower() for name in names}
    return bool(plain & set(_HANDLES)) and bool(plain & set(_SIGNS))


def _translated(lines: Iterator[Line], account: Account) -> Iterator[Line]:
    group: list[tuple[Line, Row]] = []
    is_reported = "tracker" in _columns(dict.fromkeys(account.columns))
    for line in lines:
        row = {"tracker": "", **_columns(line.content)} if is_reported else _columns(line.content)
        if line.fault or not row.get("handle"):
            yield line if line.fault else replace(line, fault=_NO_HANDLE)
            continue
        if group and (row.get("handle") != group[0][1].get("handle") or len(group) >= _MOST_ROWS):
            yield from _products(group, account)
            group = []
        group.append((line, row))
    if group:
        yield from _products(group, account)


def _columns(content: Row) -> Row:
    """The columns of a row under the names of one year's header.

    Unknown columns keep their names.
    """
    return {_OURS.get(name.lower(), name): value for name, value in content.items()}


def _products(group: list[tuple[Line, Row]], account: Account) -> Iterator[Line]:
    line, main = group[0]
    if reason := _hidden(main):
        for each, _ in group:
            account.leave_out(RowRejection(each.number, str(main.get("handle", ""))[:128], "status", reason))
        return
    options = [str(main.get(f"option{at} name", "")) for at in (1, 2, 3)]
    variants = [(each, row) for each, row in group if _is_variant(row)] or group[:1]
    choices = [_choices(row) for _, row in variants]
    rows = [_variant(row, dict(zip(options, _choices(row), strict=False))) for _, row in variants]
    _count_rest([row for _, row in group if not _is_variant(row) and row is not main], account)
    products = family(_primary(group), rows, choices)
    account.merged += len(group) - len(variants)
    numbers = [line.number, *(each.number for each, _ in variants)]
    for at, (number, product) in enumerate(zip(numbers, products, strict=False)):
        account.made += at == len(variants)
        yield Line(number, product, "", group[-1][0].bytes_read)


def _hidden(main: Row) -> str:
    status = str(main.get("status", "")).lower()
    published = str(main.get("published", "")).lower()
    if status in _NOT_SHOWN:
        return f"is {status}; shoppers do not see it, so it is left out"
    return "is not published on the online store; it is left out" if published == "false" else ""


def _is_variant(row: Row) -> bool:
    return any(row.get(name) for name in ("option1 value", "sku", "amount"))


def _choices(row: Row) -> list[str]:
    values = [str(row[name]) for at in (1, 2, 3) if row.get(name := f"option{at} value")]
    return [] if values == ["Default Title"] else values


def _primary(group: list[tuple[Line, Row]]) -> Row:
    main = group[0][1]
    row = {
        "product_id": main.get("handle") or None,
        "title": main.get("title"),
        "description": plain_text(main.get("description")),
        "brands": main.get("brands"),
        "categories": main.get("category") or main.get("product_type"),
        "tags": split(main.get("tags")),
        "images": [row["image"] for _, row in group if row.get("image")],
        "attributes": _attributes(main),
    }
    return without_empty(row)


def _rest(row: Row) -> Row:
    """The columns that are not translated."""
    return {
        name: value for name, value in row.items() if name not in _OURS.values() and not _attribute_name(name)
    }


def _count_rest(rows: list[Row], account: Account) -> None:
    for row in rows:
        for name in _rest(row):
            account.leave_unread(name)


def _attribute_name(column: str) -> str:
    """The attribute's name from a metafield such as "Color
    (product.metafields.shopify.color-pattern)".

    Also reads the columns for Google.
    """
    if "(product.metafields." in column:
        return column.partition(" (")[0]
    google = column.lower().removeprefix(_GOOGLE)
    is_read = google in _GOOGLE_ATTRIBUTES and google != column.lower()
    return google.replace(" ", "_") if is_read else ""


def _attributes(main: Row) -> Row:
    attributes: Row = {}
    if main.get("category") and main.get("product_type"):
        attributes["product_type"] = main["product_type"]
    for column, value in main.items():
        if name := _attribute_name(column):
            attributes[name] = split(str(value).replace("\n", ";"), ";")
    return attributes


def _variant(row: Row, options: dict[str, str]) -> Row:
    price = {"amount": row.get("amount"), "original_amount": row.get("original_amount")}
    quantity = row.get("quantity") if _is_counted(row) else None
    variant = {
        "sku": row.get("sku"),
        "gtin": str(row.get("gtin", "")).removeprefix("'"),  # a zero that a spreadsheet wrote
        "price": without_empty(price),
        "available_quantity": quantity,
        "availability": _availability(row, quantity),
        "images": row.get("variant_image"),
        "attributes": options,
    }
    return {**_rest(row), **without_empty(variant)}


def _is_counted(row: Row) -> bool:
    """Whether the shop tracks the stock.

    Without a tracker, Shopify sells regardless of the quantity.
    """
    return bool(row.get("tracker")) or "tracker" not in row


def _availability(row: Row, quantity: Any) -> str:
    """The availability of a variant. At a stock of 0, its inventory policy decides."""
    text = str(quantity if quantity is not None else "").strip()
    sold_out = text.startswith("-") or text == "0"
    goes_on = (
        str(row.get("policy", "")).lower() == "continue" or availability_of(row.get("policy")) == "in_stock"
    )
    if not sold_out or not _is_counted(row):
        return "in_stock"
    return "backorder" if goes_on else "out_of_stock"


DIALECT = Dialect("shopify", "Shopify's product CSV", _matches, _translated)
