"""Two hundred searches of the sample shop, of every kind."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aisle.v1.search_pb2 import (
    TIER_FUSED,
    TIER_LEXICAL,
    AnyOf,
    FacetRequest,
    Filter,
    NumberRange,
    SearchRequest,
)

FACETS = [
    FacetRequest(field="brands", limit=5),
    FacetRequest(field="categories"),
    FacetRequest(field="price"),
]
ORDERS = ("price asc", "price desc", "rating desc", "newest")
VISITORS = ("v1", "v2", "v3")
PATIENT_MS = 60_000


def searches(folder: Path, count: int = 200) -> list[SearchRequest]:
    """Shoppers' queries, with filters, facets, orders, tiers and visitors in turn.

    Some only browse.
    """
    lines = [*_lines(folder / "queries_dev.tsv"), *_lines(folder / "queries_train.tsv")]
    texts = [line.split("\t")[1] for line in lines][:count]
    products = [
        json.loads(line) for line in (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [_search(number, text, products[number * 13 % len(products)]) for number, text in enumerate(texts)]


def _lines(path: Path) -> Sequence[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def _search(number: int, text: str, product: dict[str, Any]) -> SearchRequest:
    """A search of each kind in turn. `turn` is how often each has come before."""
    kind = number % len(_KINDS)
    turn = number // len(_KINDS)
    request = SearchRequest(query=text, explain=True, deadline_ms=PATIENT_MS, page_size=10)
    _KINDS[kind](request, turn, product)
    return request


def _plain(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    """Unchanged."""


def _faceted(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.facets.extend(FACETS)


def _of_brands(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    brands = AnyOf(values=[product["brands"][0].upper(), "Torquewell"])
    request.filters.append(Filter(field="brands", any_of=brands, negate=turn % 2 == 0))
    request.facets.extend(FACETS)


def _priced(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.filters.append(Filter(field="price", range=NumberRange(min=10, max=60.5)))
    request.facets.append(FacetRequest(field="rating"))


def _ordered(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    """Every other one browses."""
    request.query = request.query if turn % 2 else ""
    category = AnyOf(values=[product["categories"][0].split(" > ")[0]])
    request.filters.append(Filter(field="categories", any_of=category))
    request.order_by = ORDERS[turn % len(ORDERS)]


def _rated(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.filters.append(Filter(field="rating", exists=turn % 2 == 0))


def _personal(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.visitor_id = VISITORS[turn % len(VISITORS)]
    request.session_id = "s1"


def _limited(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.max_tier = TIER_LEXICAL if turn % 2 else TIER_FUSED


def _misspelt(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.query = product["title"][:30].replace("e", "ee", 1)


def _large(request: SearchRequest, turn: int, product: dict[str, Any]) -> None:
    request.page_size = 25


_KINDS = (
    _plain,
    _faceted,
    _of_brands,
    _priced,
    _ordered,
    _personal,
    _rated,
    _limited,
    _misspelt,
    _large,
)
