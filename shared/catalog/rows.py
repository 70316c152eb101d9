"""Reads a catalogue row, an object with the fields of docs/catalog.md, into a product.

The short forms id, brand, category, price as a number, currency, image_url and released are read
too. Numeric fields accept numbers written as text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.catalog.product import AttributeValues, Product
from shared.catalog.validation import printable


class FieldFault(Exception):
    """Raised for a value of the wrong type. Names the field, the fault and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def product_of(row: Mapping[str, Any]) -> Product:
    """The product of a parsed row, not validated. Raises FieldFault for a value of the wrong type."""
    price, rating = _part(row, "price", _PRICE_NAMES), _part(row, "rating", _RATING_NAMES)
    given = {name: _either(row.get(name), row, short) for name, short in SHORT_NAMES.items()}
    original = _either(price.get("original_amount"), row, "original_price")
    return Product(
        product_id=_text("product_id", given["product_id"]),
        title=_text("title", row.get("title")),
        type=_word("type", row.get("type"), ("primary", "variant")),
        primary_product_id=_text("primary_product_id", row.get("primary_product_id")),
        description=_text("description", row.get("description")),
        brands=_texts("brands", given["brands"]),
        categories=_texts("categories", given["categories"]),
        price=_number("price.amount", price.get("amount")),
        original_price=_number("price.original_amount", original),
        currency_code=_text("price.currency_code", _either(price.get("currency_code"), row, "currency")),
        **_stock(row),
        rating_average=_number("rating.average", rating.get("average")),
        rating_count=_count("rating.count", rating.get("count")) or 0,
        gtin=_text("gtin", row.get("gtin")),
        sku=_text("sku", row.get("sku")),
        uri=_text("uri", row.get("uri")),
        images=_texts("images", given["images"]),
        attributes=_attributes(row.get("attributes")),
        tags=_texts("tags", row.get("tags")),
        publish_time=_time("publish_time", given["publish_time"]),
        language_code=_text("language_code", row.get("language_code")),
        **{name: _time(name, row.get(name)) for name in _TIMES},  # type: ignore[arg-type]
    )


def _either(value: Any, row: Mapping[str, Any], short: str) -> Any:
    """The value of the long name. If that is absent or empty, the value of the short name."""
    return row.get(short) if value in EMPTY else value


SHORT_NAMES = {
    "product_id": "id",
    "brands": "brand",
    "categories": "category",
    "images": "image_url",
    "publish_time": "released",
}
EMPTY: tuple[Any, ...] = (None, "", [], {})
_PRICE_NAMES = dict.fromkeys(("amount", "original_amount", "currency_code"))  # in this order
_RATING_NAMES = dict.fromkeys(("average", "count"))
NAMES = frozenset(
    (
        *SHORT_NAMES,
        *SHORT_NAMES.values(),
        *(
            "title",
            "type",
            "primary_product_id",
            "description",
            "price",
            "original_price",
            "currency",
            "availability",
        ),
        *(
            "available_quantity",
            "rating",
            "gtin",
            "sku",
            "uri",
            "attributes",
            "tags",
            "available_time",
            "expire_time",
        ),
        "language_code",
        "update_time",
    )
)  # the keys of a row that are read
_TIMES = ("available_time", "expire_time", "update_time")  # without a short name
_AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")


def _part(row: Mapping[str, Any], field: str, names: Mapping[str, None]) -> Mapping[str, Any]:
    """A nested object of members with these names. A bare number stands for the first of them."""
    value = row.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        return {next(iter(names)): value}
    if value.keys() <= names.keys():
        return value
    strange = min(map(str, value.keys() - names.keys()))
    raise FieldFault(field, f"has {strange!r:.60}; give {', '.join(names)}")


def _text(field: str, value: Any) -> str:
    if type(value) is str:  # nearly all values are texts
        return value
    if value is None:
        return ""
    # No number: NaN
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value != value:
        raise FieldFault(field, f"is {_shown(value)}; give a text")
    return str(value)


def _texts(field: str, value: Any) -> tuple[str, ...]:
    return tuple(text for each in _listed(value) if (text := _text(field, each)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _word(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    word = _text(field, value).lower().replace(" ", "_") or allowed[0]
    if word not in allowed:
        raise FieldFault(field, f"is {_shown(value)}; give one of {', '.join(allowed)}")
    return word


def _stock(row: Mapping[str, Any]) -> dict[str, Any]:
    """Availability and quantity.

    A product with quantity 0 and no availability is out of stock.
    """
    quantity = _count("available_quantity", row.get("available_quantity"))
    said = row.get("availability")
    if quantity == 0 and (said is None or said == ""):
        said = "out_of_stock"
    return {
        "availability": _word("availability", said, _AVAILABILITIES),
        "available_quantity": quantity,
    }


def _number(field: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise FieldFault(field, f"is {_shown(value)}; give a number, or leave it out") from error


def _count(field: str, value: Any) -> int | None:
    number = _number(field, value)
    if number is not None and number != number // 1:  # also true of nan and infinity
        raise FieldFault(field, f"is {_shown(value)}; give a whole number, or leave it out")
    return None if number is None else int(number)


def _attributes(value: Any) -> dict[str, AttributeValues]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FieldFault("attributes", f"are {_shown(value)}; give an object of names and values")
    read = {
        name: attribute_values(f"attributes.{printable(name[:60])}", values) for name, values in value.items()
    }
    return {name: values for name, values in read.items() if values}


def attribute_values(field: str, value: Any) -> AttributeValues:
    """The values of one attribute. Raises FieldFault if they have the wrong type."""
    if type(value) is str:  # nearly all values are texts
        return (value,) if value else ()
    if isinstance(value, dict):  # the form of messages: {"text": [...]} or {"numbers": [...]}
        if value.keys() - {"text", "numbers"}:
            raise FieldFault(field, f"is {_shown(value)}; give a text, a number or a list of them")
        value = [*_listed(value.get("text")), *_listed(value.get("numbers"))]
    values = [each for each in _listed(value) if each is not None and each != ""]
    if all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values):
        return tuple(number for each in values if (number := _number(field, each)) is not None)
    return tuple(_attribute_text(field, each) for each in values)


def _attribute_text(field: str, value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else _text(field, value)


def _time(field: str, value: Any) -> float | None:
    """Seconds since 1970 from an RFC 3339 text, a date (midnight UTC) or a number of seconds."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(field, value)
    try:
        moment = datetime.fromisoformat(_text(field, value))
    except ValueError as error:
        raise FieldFault(field, (f"is {_shown(value)}; give a time such as 2026-11-24T09:30:00Z")) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shown(value: Any) -> str:
    return repr(value)[:60]
