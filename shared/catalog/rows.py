"""A catalogue file, row by row: JSON lines into products, or reasons why not.

A row is an object with the fields of a Product (docs/catalog.md); the short forms id, brand, category, price as a
number, currency, image_url and released are read too. A number written as text is read as one where the field is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.catalog.product import AttributeValues, Product
from shared.catalog.validation import printable, violations
from shared.json_lines import Line, read_lines


@dataclass(frozen=True, slots=True)
class RowRejection:
    """A row that was not taken."""

    line: int  # from 1
    product_id: str  # as far as there was one
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row read: a product, or why there is none; `bytes_read` of the file so far, for a progress bar."""

    outcome: Product | RowRejection
    bytes_read: int


class _Fault(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file in their order, one at a time. Raises as read_lines does."""
    for line in read_lines(path):
        yield Row(_outcome(line), line.bytes_read)


def _outcome(line: Line) -> Product | RowRejection:
    if line.fault:
        return RowRejection(line.number, "", "line", line.fault)
    product_id = ""
    try:
        product_id = printable(str(line.content.get("product_id") or line.content.get("id") or "")[:128])
        product = product_of(line.content)
    except _Fault as fault:
        return RowRejection(line.number, product_id, fault.field, fault.reason)
    except RecursionError:  # JSON that could just be read, and is too deep to be looked at
        return RowRejection(line.number, product_id, "line", "is nested too deeply; write one flat object a line")
    found = violations(product)
    return RowRejection(line.number, product_id, found[0].field, found[0].reason) if found else product


def product_of(row: Mapping[str, Any]) -> Product:
    """The product of a parsed row, not yet validated; raises when a value has the wrong kind."""
    price, rating = _part(row, "price", "amount"), _part(row, "rating", "average")
    given = {name: row.get(name, row.get(short)) for name, short in _SHORT.items()}
    return Product(
        product_id=_text("product_id", given["product_id"]),
        title=_text("title", row.get("title")),
        type=_word("type", row.get("type"), ("primary", "variant")),
        primary_product_id=_text("primary_product_id", row.get("primary_product_id")),
        description=_text("description", row.get("description")),
        brands=_texts("brands", given["brands"]),
        categories=_texts("categories", given["categories"]),
        price=_number("price.amount", price.get("amount")),
        original_price=_number("price.original_amount", price.get("original_amount", row.get("original_price"))),
        currency_code=_text("price.currency_code", price.get("currency_code", row.get("currency"))),
        availability=_word("availability", row.get("availability"), _AVAILABILITIES),
        available_quantity=_count("available_quantity", row.get("available_quantity")),
        rating_average=_number("rating.average", rating.get("average")),
        rating_count=_count("rating.count", rating.get("count")) or 0,
        gtin=_text("gtin", row.get("gtin")),
        sku=_text("sku", row.get("sku")),
        uri=_text("uri", row.get("uri")),
        images=_texts("images", given["images"]),
        attributes=_attributes(row.get("attributes")),
        tags=_texts("tags", row.get("tags")),
        publish_time=_time("publish_time", given["publish_time"]),
        available_time=_time("available_time", row.get("available_time")),
        expire_time=_time("expire_time", row.get("expire_time")),
        language_code=_text("language_code", row.get("language_code")),
    )


_SHORT = {
    "product_id": "id",
    "brands": "brand",
    "categories": "category",
    "images": "image_url",
    "publish_time": "released",
}
_AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")


def _part(row: Mapping[str, Any], field: str, single: str) -> Mapping[str, Any]:
    """A nested object; a bare number stands for its main member."""
    value = row.get(field)
    if value is None:
        return {}
    return value if isinstance(value, dict) else {single: value}


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _Fault(field, f"is {_shown(value)}; give a text")
    return str(value)


def _texts(field: str, value: Any) -> tuple[str, ...]:
    return tuple(text for each in _listed(value) if (text := _text(field, each)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _word(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    word = _text(field, value).lower().replace(" ", "_") or allowed[0]
    if word not in allowed:
        raise _Fault(field, f"is {_shown(value)}; give one of {', '.join(allowed)}")
    return word


def _number(field: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _Fault(field, f"is {_shown(value)}; give a number, or leave it out") from error


def _count(field: str, value: Any) -> int | None:
    number = _number(field, value)
    if number is not None and number != number // 1:  # also true of nan and infinity
        raise _Fault(field, f"is {_shown(value)}; give a whole number, or leave it out")
    return None if number is None else int(number)


def _attributes(value: Any) -> dict[str, AttributeValues]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Fault("attributes", f"are {_shown(value)}; give an object of names and values")
    read = {name: _attribute(f"attributes.{printable(name[:60])}", values) for name, values in value.items()}
    return {name: values for name, values in read.items() if values}


def _attribute(field: str, value: Any) -> AttributeValues:
    if type(value) is str:  # nearly all are
        return (value,) if value else ()
    if isinstance(value, dict):  # as the wire has it: {"text": [...]} or {"numbers": [...]}
        if value.keys() - {"text", "numbers"}:
            raise _Fault(field, f"is {_shown(value)}; give a text, a number or a list of them")
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
        raise _Fault(field, f"is {_shown(value)}; give a time such as 2026-11-24T09:30:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shown(value: Any) -> str:
    return repr(value)[:60]
