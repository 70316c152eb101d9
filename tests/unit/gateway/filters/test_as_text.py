import pytest

from aisle.v1.search_pb2 import Filter, NumberRange
from services.gateway.filters.as_text import text_of
from services.gateway.filters.where import parsed


@pytest.mark.parametrize(
    "text",
    [
        "brands:acme",
        'brands:(acme OR "two words")',
        "NOT brands:acme",
        "price:10..50",
        "price:10..",
        "price:..0.5",
        "price:>10",
        "price:<=10",
        "attributes.color:*",
        "NOT attributes.color:*",
        '"attributes.screen size":>=15',
        "(brands:acme OR (price:1.. AND NOT tags:sale))",
        "NOT (brands:acme OR tags:sale)",
        r'title:"a \"quoted\" and a \\"',
        'tags:("AND" OR "*" OR "a..b" OR "x:y")',
    ],
)
def test_a_filter_as_text_means_the_same(text: str) -> None:
    [wanted] = parsed(text)
    [again] = parsed(text_of(wanted))
    assert again == wanted


def test_a_range_without_one_of_its_ends_has_two_parts() -> None:
    filter_ = Filter(field="price", range=NumberRange(min=1, max=2, max_exclusive=True), negate=True)
    assert text_of(filter_) == "NOT (price:>=1 AND price:<2)"
