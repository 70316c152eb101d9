"""Random products, filters and facets, with few values, so that many are equal."""

from __future__ import annotations

import math
import random
from typing import Any

from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter, Group, Tree
from shared.catalog.product import Product
from tests.unit.retrieval.shelf import CURRENCIES, FIELDS, HOUR, NOW, NUMBERS

VALUES = (
    "acme",
    "Holm",
    "A > B",
    "A",
    "red",
    "RED",
    "new",
    "eco",
    "in_stock",
    "EUR",
    "1",
    "2.5",
    "oak chair",
    "S-1",
)


def random_product(product_id: str, rng: random.Random) -> Product:
    def some(values: tuple[Any, ...], most: int) -> tuple[Any, ...]:
        return tuple(rng.sample(values, rng.randint(0, most)))

    attributes = {
        "color": some(("red", "Blue", "blue", "RED", "Żółty"), 2),
        "weight": some((1.0, 2.5, -3.0, 40.0), 2),
        "mixed": rng.choice([(), ("a", "B"), (7.0, 1.0)]),
    }
    return Product(
        product_id,
        rng.choice(("Oak chair", "oak chair", "Oak table", "Ash table", "Élan lamp", "Oak")),
        sku=rng.choice(("", "s-1", "S-2", "s-10")),
        brands=some(("Acme", "acme", "Holm", "Ünder"), 2),
        categories=some(("A > B", "A > B > C", "A > D", "E", "a > b"), 2),
        tags=some(("new", "eco"), 1),
        price=(price := rng.choice([None, 5.0, 9.99, 9.99, 20.0])),
        original_price=None if price is None else rng.choice([None, 25.0]),
        currency_code="" if price is None else rng.choice(CURRENCIES),
        availability=rng.choice(("in_stock", "in_stock", "out_of_stock", "preorder")),
        available_quantity=rng.choice([None, None, 0, 3]),
        rating_average=rng.choice([None, 3.0, 4.5]),
        rating_count=rng.choice([0, 1, 10]),
        publish_time=rng.choice([None, 100.0, 200.0, NOW + 24 * HOUR]),
        available_time=rng.choice([None, None, 100.0, NOW + 24 * HOUR]),
        expire_time=rng.choice([None, None, 1.0, NOW + 24 * HOUR]),
        attributes={name: values for name, values in attributes.items() if values},
    )


def random_filter(rng: random.Random, depth: int = 0) -> Tree:
    """A filter on any field, or a group."""
    negate = rng.random() < 0.3
    if depth < 3 and rng.random() < 0.35:
        parts = tuple(random_filter(rng, depth + 1) for _ in range(rng.randint(1, 3)))
        return Group(parts, every=rng.random() < 0.5, negate=negate)
    field = rng.choice(FIELDS)
    if rng.random() < 0.2:
        return Filter(field, Exists(rng.random() < 0.5), negate)
    if field in NUMBERS and rng.random() < 0.7:
        low, high = sorted(rng.choice((-math.inf, -3.0, 1.0, 2.5, 9.99, 20.0, math.inf)) for _ in range(2))
        return Filter(field, Between(low, high, rng.random() < 0.3, rng.random() < 0.3), negate)
    values = ("1", "2.5", "9.99", "20") if field in NUMBERS else VALUES
    return Filter(field, AnyOf(tuple(rng.sample(values, rng.randint(1, 3)))), negate)


def random_facet(rng: random.Random) -> FacetRequest:
    """A facet of any kind."""
    field = rng.choice(FIELDS)
    kept = rng.random() < 0.3
    limit = rng.choice((1, 2, 50))
    if field in NUMBERS and rng.random() < 0.5:
        ranges = (
            Between(-math.inf, 5),
            Between(2.5, 9.99, without_high=True),
            Between(1, 40, without_low=True),
        )
        return FacetRequest(field, limit, kept, ranges=ranges)
    if field == "categories" and rng.random() < 0.6:
        return FacetRequest(field, limit, kept, parent=rng.choice(("", "A", "a>B", "E", "none")))
    return FacetRequest(field, limit, kept, query=rng.choice(("", "", "a", "E", "zol", "unde", "9")))
