"""What a catalogue can be filtered by, as a model is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aisle.v1.retrieval_pb2 import FetchProductsRequest, RetrieveRequest, RetrieveResponse
from aisle.v1.search_pb2 import TIER_LEXICAL, Facet, FacetRequest
from services.gateway.filters import names
from services.gateway.ports import Retrieval

_SAMPLE = 200  # popular products, whose attributes are offered
_MOST_VALUES = 100  # brands, and categories
_MOST_ATTRIBUTES = 20
_MOST_ATTRIBUTE_VALUES = 15
_LONGEST_CHARACTERS = 80  # of a value
_MOST_CHARACTERS = 12_000  # of all values
_SAMPLE_BYTES = 4 << 20
_NUMBERS = ("price", "rating")
_AVAILABILITY = ("in_stock", "out_of_stock", "preorder", "backorder")


@dataclass(frozen=True)
class CatalogTerms:
    """Fields with their most frequent values, and fields of numbers."""

    values: dict[str, list[str]]
    numbers: tuple[str, ...] = _NUMBERS

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a filter may name."""
        return frozenset((*self.values, *self.numbers))

    def text(self) -> str:
        """As JSON, on few lines."""
        listed = {"numbers": self.numbers, "texts": self.values}
        return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


async def gathered(retrieval: Retrieval) -> CatalogTerms:
    """The terms of the products that are shown. Raises the errors of retrieval."""
    first = await _counted(retrieval, [("brands", _MOST_VALUES), ("categories", _MOST_VALUES)], _SAMPLE)
    wanted = FetchProductsRequest(
        rows=first.rows, snapshot_version=first.snapshot_version, max_bytes=_SAMPLE_BYTES
    )
    products = (await retrieval.FetchProducts(wanted)).products
    counts = Counter(name for product in products for name in product.attributes)
    fields = [f"attributes.{name}" for name, _ in counts.most_common(_MOST_ATTRIBUTES)]
    attributes = [(field, _MOST_ATTRIBUTE_VALUES) for field in fields if not names.fault(field)]
    second = await _counted(retrieval, attributes, 1)
    return _terms([*first.facets, *second.facets])


async def _counted(retrieval: Retrieval, fields: Sequence[tuple[str, int]], limit: int) -> RetrieveResponse:
    facets = [FacetRequest(field=field, limit=most) for field, most in fields]
    return await retrieval.Retrieve(RetrieveRequest(limit=limit, tier=TIER_LEXICAL, facets=facets))


def _terms(facets: Iterable[Facet]) -> CatalogTerms:
    left = _MOST_CHARACTERS
    values = {"availability": list(_AVAILABILITY)}
    numbers = [*_NUMBERS]
    for facet in facets:
        if facet.HasField("range"):
            numbers.append(facet.field)
            continue
        kept = []
        for each in facet.values:
            if len(each.value) <= min(left, _LONGEST_CHARACTERS):
                kept.append(each.value)
                left -= len(each.value)
        if kept:
            values[facet.field] = kept
    return CatalogTerms(values, tuple(numbers))
