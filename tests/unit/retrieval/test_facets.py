from collections import Counter

import numpy as np
import pytest

from services.retrieval import facets
from services.retrieval.facets import FacetRequest
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import CatalogColumns
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

PRODUCTS = [
    Product(
        "a",
        "x",
        brands=("Hob",),
        categories=("Home > Kettles",),
        price=10.0,
        attributes={"size": (1.5, 2.0)},
    ),
    Product("b", "x", brands=("Lux",), categories=("Home > Lamps", "Home > Kettles"), price=20.0),
    Product("c", "x", brands=("Lux",), price=20.0, attributes={"size": ("big",)}),
]


@pytest.fixture(scope="module")
def columns(open_shared_snapshot: OpenSnapshot) -> CatalogColumns:
    return open_shared_snapshot(PRODUCTS).columns


def test_values_come_by_frequency_then_alphabet(columns: CatalogColumns) -> None:
    assert facets.count(columns, np.ones(3, bool), FacetRequest("brands", 10)).values == (
        ("Lux", 2),
        ("Hob", 1),
    )
    assert facets.count(columns, np.array([True, True, False]), FacetRequest("brands", 1)).values == (
        ("Hob", 1),
    )


def test_a_category_counts_every_product_below_it_once(columns: CatalogColumns) -> None:
    counted = facets.count(columns, np.ones(3, bool), FacetRequest("categories", 10)).values
    assert counted == (("Home", 2), ("Home > Kettles", 2), ("Home > Lamps", 1))


def test_numbers_have_values_and_a_range_of_the_match_set(columns: CatalogColumns) -> None:
    facet = facets.count(columns, np.ones(3, bool), FacetRequest("price", 0))
    assert facet.values == (("20", 2), ("10", 1)) and facet.range == (10.0, 20.0)
    assert facets.count(columns, np.array([True, False, False]), FacetRequest("price", 0)).range == (
        10.0,
        10.0,
    )


def test_an_attribute_may_have_texts_and_numbers(columns: CatalogColumns) -> None:
    facet = facets.count(columns, np.ones(3, bool), FacetRequest("attributes.size", 10))
    assert facet.values == (("1.5", 1), ("2", 1), ("big", 1)) and facet.range == (1.5, 2.0)


def test_an_empty_match_set_has_no_values_and_no_range(columns: CatalogColumns) -> None:
    assert facets.count(columns, np.zeros(3, bool), FacetRequest("price", 10)) == facets.Facet(
        "price", (), None
    )


def test_an_attribute_that_no_product_has_is_an_empty_facet(columns: CatalogColumns) -> None:
    assert facets.count(columns, np.ones(3, bool), FacetRequest("attributes.colour", 10)) == facets.Facet(
        "attributes.colour", ()
    )


@pytest.mark.parametrize(("field", "limit"), [("brandz", 10), ("product_id", 10), ("brands", 1_001)])
def test_what_cannot_be_counted_is_refused_by_name(
    columns: CatalogColumns,
    field: str,
    limit: int,
) -> None:
    with pytest.raises(InvalidRequest, match=rf"^facets\.(field|limit): .*{field}"):
        facets.count(columns, np.ones(3, bool), FacetRequest(field, limit))


def test_many_products_are_counted_as_few_are(open_snapshot: OpenSnapshot) -> None:
    brands = [f"brand {number % 37:02}" for number in range(3_000)]
    columns = open_snapshot(
        [Product(f"p{n}", "t", brands=(brand,)) for n, brand in enumerate(brands)]
    ).columns
    counted = facets.count(columns, np.ones(len(brands), bool), FacetRequest("brands", 37)).values
    assert counted == tuple(sorted(Counter(brands).items(), key=lambda pair: (-pair[1], pair[0])))
