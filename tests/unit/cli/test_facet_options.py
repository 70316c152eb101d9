import pytest

from aisle.v1.search_pb2 import Facet, FacetRange, FacetRequest, FacetValue, NumberRange
from cli.facets import facet_lines, parse_facet
from shared.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("brands", FacetRequest(field="brands")),
        ("attributes.ratio 16:9", FacetRequest(field="attributes.ratio 16:9")),
        ("brands:limit=20;query=ac", FacetRequest(field="brands", limit=20, query="ac")),
        ("price:ranges=5", FacetRequest(field="price", range_count=5)),
        (
            "price:ranges=..10 | 10..49.5",
            FacetRequest(field="price", ranges=[NumberRange(max=10), NumberRange(min=10, max=49.5)]),
        ),
        (
            "categories:parent=Home > Kitchen",
            FacetRequest(field="categories", parent="Home > Kitchen"),
        ),
        ("categories:parent=", FacetRequest(field="categories", parent="")),
        ("tags:keep", FacetRequest(field="tags", keep_own_filter=True)),
    ],
)
def test_a_facet_is_read_as_it_is_typed(text: str, facet: FacetRequest) -> None:
    assert parse_facet(text) == facet


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name a field"),
        ("brands:limit=many", "limit=many is no whole number; write such as limit=5"),
        ("price:ranges=10..x", "'10..x' is no range; write LOW..HIGH"),
    ],
)
def test_a_facet_that_cannot_be_read_says_how_it_is_written(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        parse_facet(text)


def test_ranges_have_a_line_of_their_own() -> None:
    facet = Facet(field="price", values=[FacetValue(value="5", count=2)])
    ranges = [NumberRange(max=10), NumberRange(min=10)]
    facet.ranges.extend(FacetRange(range=each, count=1) for each in ranges)
    assert list(facet_lines(facet)) == ["price: 5 (2)", "price, ranges: ..10 (1), 10.. (1)"]
    assert list(facet_lines(Facet(field="tags"))) == ["tags: no values"]
