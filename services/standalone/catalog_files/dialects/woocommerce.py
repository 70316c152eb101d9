"""WooCommerce's product CSV: variations are rows of their own, which name their parent by id or SKU."""

import re
from collections.abc import Iterator
from typing import Any

from services.standalone.catalog_files.account import Account
from services.standalone.catalog_files.dialect import Dialect, Row, split, taken, without_empty
from services.standalone.catalog_files.family import family
from services.standalone.catalog_files.plain_text import plain_text
from shared.json_lines import Line

_SIGNS = ("Regular price", "In stock?", "Visibility in catalog", "Attribute 1 name", "Tax status", "Is featured?")
_ATTRIBUTE = re.compile(r"Attribute (\d+) name")
_SIZES = re.compile(r"(Weight|Length|Width|Height) \((\w+)\)")
_YES = ("1", "yes", "true", "instock")
_BACKORDER = ("1", "yes", "notify", "true")
_MOST_HELD = 2_000  # variations of one parent


def _matches(names: frozenset[str], _: Row) -> bool:
    return "Name" in names and sum(sign in names for sign in _SIGNS) >= 2


def _translated(lines: Iterator[Line], account: Account) -> Iterator[Line]:
    ids: dict[str, str] = {}  # of parents by SKU
    held: list[tuple[Line, Row]] = []  # a parent, and the variations behind it
    for line in lines:
        if line.fault:
            yield line
            continue
        if reason := _hidden(line.content):
            yield from _released(held)
            held = []
            yield Line(line.number, {}, reason, line.bytes_read)
            continue
        row = _row(line.content, ids)
        joins = held and row.get("primary_product_id") == held[0][1].get("product_id") and len(held) < _MOST_HELD
        if not joins:
            yield from _released(held)
            held = []
        held.append((line, row))
    yield from _released(held)


def _released(held: list[tuple[Line, Row]]) -> Iterator[Line]:
    """The parent with what its variations say of it, and the variations."""
    if not held:
        return
    primary, variants = held[0][1], [row for _, row in held[1:]]
    products = family(primary, variants, [["-"]] * len(variants)) if variants else [primary]
    for (line, _), product in zip(held, products, strict=True):
        yield Line(line.number, product, "", line.bytes_read)


def _hidden(content: Row) -> str:
    if str(content.get("Published", "1")) in ("0", "-1"):
        return "is not published; shoppers do not see it, so it is left out"
    if str(content.get("Visibility in catalog", "")).lower() == "hidden":
        return "is hidden from the catalogue, so it is left out"
    return ""


def _row(content: Row, ids: dict[str, str]) -> Row:
    rest = dict(content)
    kind, parent, sku = str(taken(rest, "Type") or ""), taken(rest, "Parent"), taken(rest, "SKU")
    product_id = str(taken(rest, "ID") or sku or "")
    if "variable" in kind and sku:
        ids[str(sku)] = product_id
    description, short = taken(rest, "Description"), taken(rest, "Short description")
    row = {
        "product_id": product_id,
        "title": taken(rest, "Name"),
        "description": "\n".join(filter(None, (plain_text(short), plain_text(description)))),
        "brands": split(taken(rest, "Brands")),
        "categories": split(taken(rest, "Categories")),
        "tags": split(taken(rest, "Tags")),
        "images": split(taken(rest, "Images")),
        "sku": sku,
        "gtin": taken(rest, "GTIN, UPC, EAN, or ISBN"),
        "uri": taken(rest, "External URL"),
        "attributes": {**_attributes(rest), **_sizes(rest)},
        **_price(rest),
        **_stock(rest),
    }
    if "variation" in kind and parent:
        row["type"], row["primary_product_id"] = "variant", _parent_id(str(parent), ids)
    for name in ("Published", "Visibility in catalog"):
        rest.pop(name, None)
    return {**rest, **without_empty(row)}


def _parent_id(parent: str, ids: dict[str, str]) -> str:
    return parent.removeprefix("id:") if parent.startswith("id:") else ids.get(parent, parent)


def _price(rest: Row) -> Row:
    regular, sale = taken(rest, "Regular price"), taken(rest, "Sale price")
    price = {"amount": sale or regular, "original_amount": regular if sale else None}
    return {"price": without_empty(price)}


def _stock(rest: Row) -> Row:
    """The stock of a simple product; "parent" in a variation's means that the parent counts for all."""
    said, quantity, backorders = (taken(rest, name) for name in ("In stock?", "Stock", "Backorders allowed?"))
    count = quantity if str(quantity or "").strip().lstrip("-").replace(".", "", 1).isdigit() else None
    state = "in_stock" if said is None or str(said).lower() in _YES else "out_of_stock"
    if str(said or "").lower() in ("backorder", "onbackorder"):
        state = "backorder"
    if count is not None and float(count) <= 0 and state == "in_stock" and str(backorders).lower() in _BACKORDER:
        state = "backorder"
    return {"availability": state, "available_quantity": count}


def _attributes(rest: Row) -> Row:
    attributes: Row = {}
    for column in [name for name in rest if _ATTRIBUTE.fullmatch(name)]:
        number = column.split()[1]
        name, values = rest.pop(column), split(rest.pop(f"Attribute {number} value(s)", None))
        if values:
            attributes[str(name)] = values
        for switch in ("visible", "global", "default"):
            rest.pop(f"Attribute {number} {switch}", None)
    return attributes


def _sizes(rest: Row) -> dict[str, Any]:
    """Weight and size with their unit, as "1.5 kg"."""
    sizes: dict[str, Any] = {}
    for column in list(rest):
        found = _SIZES.fullmatch(column)
        if found:
            sizes[found[1].lower()] = f"{rest.pop(column)} {found[2]}"
    return sizes


DIALECT = Dialect("woocommerce", "WooCommerce's product CSV", _matches, _translated)
