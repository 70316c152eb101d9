"""JSON-LD of schema.org.

Reads Product, ProductGroup with its variants, and lists of them, with offers of one or more
sellers.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from cli.files.dialect import (
    Dialect,
    NotAProduct,
    Row,
    first,
    listed,
    row_by_row,
    taken,
    without_empty,
)
from cli.files.family import family
from cli.files.plain_text import plain_text
from shared.catalog.mending.states import availability_of
from shared.catalog.mending.texts import text_of

_PRODUCTS = (
    "Product",
    "ProductGroup",
    "IndividualProduct",
    "ProductModel",
    "SomeProducts",
    "Vehicle",
    "Car",
    "Book",
)
_GTINS = ("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn")
_ATTRIBUTES = ("color", "size", "material", "pattern", "model", "mpn", "audience", "itemCondition")
_PREFIXES = ("https://schema.org/", "http://schema.org/", "schema:")
_DEEPEST = 3  # lists in lists


def _matches(names: frozenset[str], sample: Row) -> bool:
    return "@type" in names or "@graph" in names or "@context" in sample


def _products(content: Row) -> Iterator[Row]:
    rows = _rows(content, 0)
    first_row = next(rows, None)
    if first_row is None:
        kinds = ", ".join(sorted(_kinds(content))) or "node without @type"
        raise NotAProduct(f"is a {kinds[:80]}, no Product or ProductGroup; it is left out")
    return chain([first_row], rows)


def _rows(node: Any, depth: int) -> Iterator[Row]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    kinds = _kinds(node)
    if "ProductGroup" in kinds and _variants(node):
        yield from _group(node)
    elif kinds & set(_PRODUCTS):
        yield _product(node)
    else:
        inner = (
            node.get("@graph") or node.get("itemListElement") or node.get("mainEntity") or node.get("item")
        )
        for each in listed(inner):
            yield from _rows(each, depth + 1)


def _variants(group: Row) -> list[Row]:
    """The variants in a group. A bare reference stands for a node elsewhere in the file."""
    return [
        each for each in listed(group.get("hasVariant")) if isinstance(each, dict) and each.keys() - {"@id"}
    ]


def _kinds(node: Row) -> set[str]:
    return {_word(each) for each in listed(node.get("@type")) if isinstance(each, str)}


def _word(text: str) -> str:
    return next((text.removeprefix(prefix) for prefix in _PREFIXES if text.startswith(prefix)), text)


def _group(node: Row) -> Iterator[Row]:
    varies = {_word(each) for each in listed(node.get("variesBy")) if isinstance(each, str)}
    rest = {name: value for name, value in node.items() if name not in ("hasVariant", "variesBy")}
    primary = _product(rest)
    variants = [_product(each) for each in _variants(node)]
    names = [name for name in _ATTRIBUTES if name in varies] or ["color", "size"]
    choices = [
        [text for name in names for text in each.get("attributes", {}).get(name, ())] for each in variants
    ]
    return family(primary, variants, [values or [str(at + 1)] for at, values in enumerate(choices)])


def _product(node: Row) -> Row:
    rest = {name: value for name, value in node.items() if name not in ("@type", "@context")}
    address = taken(rest, "url")
    own_id = taken(rest, "@id")
    sku = text_of(taken(rest, "sku"))
    gtins = [taken(rest, name) for name in _GTINS]
    row = {
        "product_id": _identifier(rest) or sku or own_id or address,
        "title": plain_text(text_of(first(taken(rest, "name")))),
        "description": plain_text(text_of(first(taken(rest, "description")))),
        "brands": text_of(first(taken(rest, "brand", "manufacturer"))),
        "categories": [text for each in listed(taken(rest, "category")) if (text := text_of(each))],
        "images": [_address(each) for each in listed(taken(rest, "image"))],
        "uri": address or own_id,
        "sku": sku,
        "gtin": next((each for each in gtins if each), None),
        "publish_time": taken(rest, "releaseDate", "datePublished"),
        "rating": _rating(taken(rest, "aggregateRating")),
        "attributes": _attributes(rest),
        **_offer(taken(rest, "offers")),
    }
    group = taken(rest, "inProductGroupWithID") or _group_id(taken(rest, "isVariantOf"))
    if group and str(group) != str(row["product_id"]):
        row["type"] = "variant"
        row["primary_product_id"] = group
    return {**rest, **without_empty(row)}


def _identifier(rest: Row) -> str | None:
    return text_of(taken(rest, "productID", "productGroupID", "identifier"), ("value", "@value", "name"))


def _address(image: Any) -> Any:
    return text_of(image, ("url", "contentUrl", "@id"))


def _group_id(group: Any) -> Any:
    return text_of(group, ("productGroupID", "productID", "@id")) if isinstance(group, dict) else None


def _rating(given: Any) -> Row:
    """The rating on a scale to 5, converted from bestRating if that is given."""
    if not isinstance(given, dict):
        return {}
    average = given.get("ratingValue")
    best = given.get("bestRating")
    try:
        scaled: Any = float(str(average)) * 5 / float(str(best)) if best else average
    except (ValueError, ZeroDivisionError):
        scaled = average
    count = given.get("ratingCount") or given.get("reviewCount")
    return without_empty(
        {"average": round(scaled, 4) if isinstance(scaled, float) else scaled, "count": count}
    )


def _offer(given: Any) -> Row:
    """Price and availability of an Offer, of the cheapest of several, or of an AggregateOffer."""
    offers = [each for each in listed(given) if isinstance(each, dict)]
    for each in list(offers):
        offers.extend(inner for inner in listed(each.get("offers")) if isinstance(inner, dict))
    priced = [(price, each) for each in offers if (price := _price(each))]
    states = [state for each in offers if (state := each.get("availability"))]
    row: Row = {}
    if priced:
        row["price"] = min(priced, key=lambda each: _number(each[0].get("amount")))[0]
    if states:
        bought = next((state for state in states if availability_of(state) == "in_stock"), states[0])
        row["availability"] = availability_of(bought) or bought
    return row


def _price(offer: Row) -> Row:
    amount = first(offer.get("price")) if offer.get("price") not in (None, "") else offer.get("lowPrice")
    currency = offer.get("priceCurrency")
    specification = first(offer.get("priceSpecification"))
    if isinstance(specification, dict):
        amount = specification.get("price") if amount in (None, "") else amount
        currency = currency or specification.get("priceCurrency")
    return (
        {"amount": amount, **without_empty({"currency_code": currency})} if amount not in (None, "") else {}
    )


def _number(amount: Any) -> float:
    try:
        return float(amount)
    except (TypeError, ValueError, OverflowError):
        return float("inf")


def _attributes(rest: Row) -> Row:
    attributes: Row = {}
    for name in _ATTRIBUTES:
        values = [text for each in listed(taken(rest, name)) if (text := text_of(each))]
        attributes[name] = [_word(value) for value in values]
    for each in listed(taken(rest, "additionalProperty")):
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            unit = text_of(each.get("unitText"))
            value = first(each.get("value"))
            attributes[each["name"]] = f"{value} {unit}" if unit and value is not None else value
    return without_empty(attributes)


DIALECT = Dialect("schema-org", "schema.org JSON-LD", _matches, row_by_row(_products))
