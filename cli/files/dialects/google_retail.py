"""Products of Google Retail v2 (Vertex AI Search for commerce), in camelCase or snake_case."""

import re
from typing import Any

from cli.files.dialect import Dialect, Row, listed, row_by_row, taken, without_empty

_SIGNS = (
    "price_info",
    "color_info",
    "fulfillment_info",
    "retrievable_fields",
    "local_inventories",
    "audience",
)
_LISTS = {
    "sizes": "size",
    "materials": "material",
    "patterns": "pattern",
    "conditions": "condition",
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _matches(names: frozenset[str], _: Row) -> bool:
    return any(_snake(name) in _SIGNS for name in names)


def _snake(name: str) -> str:
    return _CAMEL.sub("_", name).lower()


def _products(content: Row) -> list[Row]:
    rest = {_snake(name): value for name, value in content.items()}
    name = taken(rest, "name")
    product_id = taken(rest, "id")
    attributes = rest.pop("attributes", None)
    row = {
        "product_id": product_id or (name.rpartition("/")[2] if isinstance(name, str) else None),
        "images": [_address(each) for each in listed(taken(rest, "images"))],
        "attributes": _attributes(rest, attributes),
        "price": _price(rest),
        "rating": _rating(rest),
    }
    return [{**rest, **without_empty(row)}]


def _address(image: Any) -> Any:
    return image.get("uri") if isinstance(image, dict) else image


def _price(rest: Row) -> Row:
    info = taken(rest, "price_info")
    if not isinstance(info, dict):
        rest["price_info"] = info  # the rest is counted as not read
        return {}
    members = {_snake(name): value for name, value in info.items()}
    price = {
        "amount": taken(members, "price"),
        "original_amount": taken(members, "original_price"),
        "currency_code": taken(members, "currency_code"),
    }
    # Counted as not read
    rest.update({f"price_info.{name}": value for name, value in members.items()})
    return without_empty(price)


def _rating(rest: Row) -> Any:
    given = taken(rest, "rating")
    if not isinstance(given, dict):
        return given
    members = {_snake(name): value for name, value in given.items()}
    return without_empty({"average": members.get("average_rating"), "count": members.get("rating_count")})


def _attributes(rest: Row, given: Any) -> Any:
    """The attributes, without the switches beside their values, and with the fields that become
    attributes.
    """
    if given is not None and not isinstance(given, dict):
        return given
    attributes: Row = {name: _values(value) for name, value in (given or {}).items()}
    for column, name in _LISTS.items():
        attributes.setdefault(name, taken(rest, column))
    colors = taken(rest, "color_info")
    if isinstance(colors, dict):
        families = colors.get("colorFamilies") or colors.get("color_families")
        attributes.setdefault("color", colors.get("colors") or families)
        attributes.setdefault("color_family", families)
    elif colors is not None:
        rest["color_info"] = colors
    return without_empty(attributes)


def _values(value: Any) -> Any:
    if isinstance(value, dict) and ("text" in value or "numbers" in value):
        return [*listed(value.get("text")), *listed(value.get("numbers"))]
    return value


DIALECT = Dialect("google-retail", "Google Retail products", _matches, row_by_row(_products))
