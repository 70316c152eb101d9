"""Products of the Universal Commerce Protocol, and of the nested feed of ACP.

Variants are nested, and amounts are in cents.
"""

from collections.abc import Iterator
from typing import Any

from cli.files.dialect import Dialect, Row, first, listed, row_by_row, taken, without_empty
from cli.files.family import family
from cli.files.plain_text import plain_text
from shared.catalog.mending.numbers import is_finite

_NO_MINOR_UNIT = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split()  # noqa: SIM905
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def _matches(_: frozenset[str], sample: Row) -> bool:
    variants = sample.get("variants")
    offered = first(variants) if isinstance(variants, list) else None
    has_money = isinstance(offered, dict) and isinstance(offered.get("price"), dict)
    return (has_money and "currency" in offered["price"]) or _is_money(sample.get("price_range"))  # type: ignore[index]


def _is_money(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("min"), dict) and "currency" in value["min"]


def _products(content: Row) -> Iterator[Row]:
    rest = dict(content)
    given = listed(taken(rest, "variants"))
    variants = [each for each in given if isinstance(each, dict)]
    price_range = taken(rest, "price_range")
    list_range = taken(rest, "list_price_range")
    primary = without_empty(_shared_fields(rest))
    if not variants:
        ends = [each.get("min") if isinstance(each, dict) else None for each in (price_range, list_range)]
        primary["price"] = _price(*ends)
    for name in ("options", "handle"):
        rest.pop(name, None)
    if len(variants) < len(given):
        # Counted as not read
        rest["variants"] = [each for each in given if not isinstance(each, dict)]
    return family(
        {**rest, **without_empty(primary)},
        [_variant(each) for each in variants],
        _choices(variants),
    )


def _choices(variants: list[Row]) -> list[list[str]]:
    """The values that tell variants apart. A single variant without any is the product itself."""
    chosen = [[str(value) for value in _options(each).values()] for each in variants]
    if len(chosen) < 2:
        return chosen
    return [values or [str(each.get("id", ""))] for values, each in zip(chosen, variants, strict=True)]


def _shared_fields(rest: Row) -> Row:
    """The fields that products and variants share. They are removed from the row."""
    media = [each for each in listed(taken(rest, "media")) if isinstance(each, dict)]
    return {
        "product_id": taken(rest, "id"),
        "title": taken(rest, "title"),
        "description": _prose(taken(rest, "description")),
        "brands": taken(rest, "brand"),
        "uri": taken(rest, "url"),
        "categories": [_category(each) for each in listed(taken(rest, "categories"))],
        "images": [each["url"] for each in media if each.get("url") and each.get("type", "image") == "image"],
        "tags": listed(taken(rest, "tags")),
        "rating": _rating(taken(rest, "rating")),
    }


def _prose(value: Any) -> Any:
    if isinstance(value, dict):
        value = value.get("plain") or value.get("html") or value.get("markdown")
    return plain_text(value)


def _category(value: Any) -> Any:
    return value.get("value") or value.get("name") if isinstance(value, dict) else value


def _rating(value: Any) -> Row:
    """The rating on a scale to 5, converted from the scale that it names."""
    if not isinstance(value, dict):
        return {}
    average: Any = value.get("value")
    largest: Any = value.get("scale_max")
    if _is_number(average) and _is_number(largest) and largest > 0:
        average = average * (5 / largest)
    return without_empty({"average": average, "count": value.get("count")})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and is_finite(value)


def _variant(content: Row) -> Row:
    rest = dict(content)
    fields = _shared_fields(rest)
    title = fields.pop("title")
    barcodes = [each.get("value") for each in listed(taken(rest, "barcodes")) if isinstance(each, dict)]
    options = _options(content)
    condition = taken(rest, "condition")
    for name in ("options", "variant_options", "handle", "input"):
        rest.pop(name, None)
    row = {
        **fields,
        "sku": taken(rest, "sku"),
        "gtin": first(barcodes),
        "price": _price(taken(rest, "price"), taken(rest, "list_price")),
        "availability": _availability(taken(rest, "availability")),
        "attributes": without_empty({**options, "condition": condition}),
        "title": None if options else title,  # the description repeats the options
    }
    return {**rest, **without_empty(row)}


def _options(variant: Row) -> Row:
    pairs = [*listed(variant.get("options")), *listed(variant.get("variant_options"))]
    return {
        str(each["name"]): each.get("label") or each.get("value")
        for each in pairs
        if isinstance(each, dict) and each.get("name")
    }


def _availability(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    status = value.get("status")
    available = value.get("available")
    return status or (None if available is None else "in_stock" if available else "out_of_stock")


def _price(price: Any, before: Any) -> Row:
    amount = _major(price)
    original = _major(before)
    currency = price.get("currency") if isinstance(price, dict) else None
    return without_empty({"amount": amount, "original_amount": original, "currency_code": currency})


def _major(price: Any) -> Any:
    """The amount in its currency's main unit, from the smallest unit."""
    if not isinstance(price, dict) or not _is_number(price.get("amount")):
        return price.get("amount") if isinstance(price, dict) else price
    currency = str(price.get("currency", "")).upper()
    digits = 0 if currency in _NO_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2
    return round(price["amount"] / 10**digits, digits)


DIALECT = Dialect("ucp", "UCP products (or ACP's nested feed)", _matches, row_by_row(_products))
