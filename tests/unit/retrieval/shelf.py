"""Totals, counts and orders of random requests, read off the products themselves.

A reference that shares nothing with the engine but the products.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter, Group, Tree
from shared.catalog.product import Product

NOW = time.time()
HOUR = 3_600.0
CURRENCIES = ("EUR", "USD", "")
TEXTS: dict[str, Callable[[Product], Sequence[str]]] = {
    "title": lambda p: [p.title],
    "sku": lambda p: [p.sku],
    "brands": lambda p: p.brands,
    "categories": lambda p: [path for category in p.categories for path in _paths(category)],
    "tags": lambda p: p.tags,
    "availability": lambda p: [p.availability],
    "currency_code": lambda p: [p.currency_code],
    "attributes.color": lambda p: [str(value) for value in p.attributes.get("color", ())],
    "attributes.mixed": lambda p: [v for v in p.attributes.get("mixed", ()) if isinstance(v, str)],
}


def _nothing(_: Product) -> Sequence[str]:
    return ()


NUMBERS: dict[str, Callable[[Product], Sequence[float | None]]] = {
    "price": lambda p: [p.price],
    "original_price": lambda p: [p.original_price],
    "rating": lambda p: [p.rating_average],
    "rating_count": lambda p: [p.rating_count],
    "available_quantity": lambda p: [p.available_quantity],
    "publish_time": lambda p: [p.publish_time],
    "attributes.weight": lambda p: [v for v in p.attributes.get("weight", ()) if not isinstance(v, str)],
    "attributes.mixed": lambda p: [v for v in p.attributes.get("mixed", ()) if not isinstance(v, str)],
}
FIELDS = tuple(dict.fromkeys((*TEXTS, *NUMBERS)))


def shown(product: Product, order_by: str) -> bool:
    """Whether a search may show the product now."""
    hidden = (product.expire_time or math.inf) <= NOW or (product.available_time or 0) > NOW
    by_publication = order_by.startswith(("newest", "publish_time"))
    return not hidden and not (by_publication and (product.publish_time or 0) > NOW)


def meets(product: Product, tree: Tree) -> bool:
    """Whether the product meets the filter."""
    if isinstance(tree, Group):
        return (all if tree.every else any)(meets(product, part) for part in tree.parts) != tree.negate
    texts = [text for text in TEXTS.get(tree.field, _nothing)(product) if text]
    numbers = _numbers(product, tree.field)
    match tree.condition:
        case AnyOf(values):
            wanted = {
                _spaced(value).casefold() if tree.field == "categories" else value.casefold()
                for value in values
            }
            met = bool(wanted & {text.casefold() for text in texts})
            met = met or any(
                number == float(value) for number in numbers for value in values if _is_number(value)
            )
        case Between() as span:
            above = [n > span.low if span.without_low else n >= span.low for n in numbers]
            below = [n < span.high if span.without_high else n <= span.high for n in numbers]
            met = any(a and b for a, b in zip(above, below, strict=True))
        case Exists(present):
            met = bool(texts or numbers) == present
    return met != tree.negate


def counts(products: Sequence[Product], facet: FacetRequest) -> tuple[tuple[str, int], ...]:
    """The values of a facet."""
    found: Counter[str] = Counter()
    for product in products:
        texts = [text for text in TEXTS.get(facet.field, _nothing)(product) if text]
        numbers = [] if facet.parent is not None else _numbers(product, facet.field)
        found.update({text for text in texts if _is_wanted(text, facet)})
        found.update({text for text in map(_shown, numbers) if facet.query.casefold() in text})
    pairs = sorted(found.items(), key=lambda pair: (-pair[1], *_value_order(pair[0])))
    return tuple(pairs[: facet.limit or 10])


def range_counts(products: Sequence[Product], facet: FacetRequest) -> list[int]:
    """How many products have a number in each range of a facet."""
    return [sum(meets(product, Filter(facet.field, span)) for product in products) for span in facet.ranges]


def without_choice(filters: Sequence[Tree], field: str) -> list[Tree]:
    """The filters but those at the top that choose among the field's values."""

    def fields(tree: Tree) -> set[str]:
        if isinstance(tree, Group):
            return {""} if tree.negate else set().union(*map(fields, tree.parts))
        return {"" if tree.negate or isinstance(tree.condition, Exists) else tree.field}

    return [each for each in filters if fields(each) != {field}]


def order_key(order_by: str, products: Sequence[Product], currency: str) -> Callable[[Product], Any]:
    """What sorts products in an order, but for relevance and the order of the catalogue."""
    if order_by in ("", "relevance"):
        return lambda p: (-_popularity(p), _sold_out(p))
    field, _, direction = ("publish_time desc" if order_by == "newest" else order_by).rpartition(" ")
    best = min if direction == "asc" else max
    sign = 1 if direction == "asc" else -1
    texts = sorted({t for p in products for t in TEXTS.get(field, _nothing)(p) if t}, key=_alphabet)
    ranks = {text: rank for rank, text in enumerate(texts)}
    priced = (
        Counter(p.currency_code or "-" for p in products if _numbers(p, field))
        if field in ("price", "original_price")
        else Counter()
    )
    codes = sorted(priced, key=lambda code: (code != currency, -priced[code], code))

    def key(product: Product) -> Any:
        numbers = _numbers(product, field)
        places = [ranks[text] for text in TEXTS.get(field, _nothing)(product) if text]
        group = codes.index(product.currency_code or "-") if codes and numbers else len(codes)
        if numbers:
            return group, 0, sign * best(numbers)
        return (group, 1, sign * best(places)) if places else (group, 2, 0)

    return key


def tie_key(product: Product) -> Any:
    """What sorts products of an equal value."""
    return _sold_out(product), -_popularity(product)


def _numbers(product: Product, field: str) -> list[float]:
    return [float(n) for n in NUMBERS[field](product) if n is not None] if field in NUMBERS else []


def _sold_out(product: Product) -> bool:
    return product.availability == "out_of_stock" or product.available_quantity == 0


def _popularity(product: Product) -> float:
    return (product.rating_average or 0) * math.log1p(product.rating_count)


def _is_wanted(text: str, facet: FacetRequest) -> bool:
    if facet.parent is not None:
        above = text.rpartition(" > ")[0]
        if above.casefold() != (_spaced(facet.parent).casefold() if facet.parent else ""):
            return False
    plain = text.casefold().replace("ż", "z").replace("ó", "o").replace("é", "e").replace("ü", "u")
    return facet.query.casefold() in plain


def _paths(category: str) -> list[str]:
    parts = category.split(" > ")
    return [" > ".join(parts[: end + 1]) for end in range(len(parts))]


def _value_order(value: str) -> tuple[bool, float, str, str]:
    """Numbers by size, then texts by alphabet."""
    number = value.replace(".", "", 1).removeprefix("-").isdecimal()
    return not number, float(value) if number else 0.0, value.casefold(), value


def _spaced(path: str) -> str:
    return " > ".join(part.strip() for part in path.split(">"))


def _alphabet(text: str) -> tuple[str, str]:
    return text.casefold(), text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _shown(number: float) -> str:
    return repr(number).removesuffix(".0")
