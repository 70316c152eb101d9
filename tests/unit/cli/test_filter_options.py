import pytest

from aisle.v1.search_pb2 import AnyOf, Filter, NumberRange
from cli.filters import parse_filter
from shared.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brands=Acme", Filter(field="brands", any_of=AnyOf(values=["Acme"]))),
        (
            "attributes.color = blue | green",
            Filter(field="attributes.color", any_of=AnyOf(values=["blue", "green", "blue | green"])),
        ),
        (r"tags=a\|b", Filter(field="tags", any_of=AnyOf(values=["a|b"]))),
        (r"tags=a\|b|c", Filter(field="tags", any_of=AnyOf(values=["a|b", "c", "a|b|c"]))),
        ("title=1..2", Filter(field="title", any_of=AnyOf(values=["1..2"]))),
        ("rating=4|5", Filter(field="rating", any_of=AnyOf(values=["4", "5"]))),
        ("price=10..49.5", Filter(field="price", range=NumberRange(min=10, max=49.5))),
        ("price=..50", Filter(field="price", range=NumberRange(max=50))),
        ("price=10..", Filter(field="price", range=NumberRange(min=10))),
        ("brands!=Acme", Filter(field="brands", any_of=AnyOf(values=["Acme"]), negate=True)),
        ("rating=exists", Filter(field="rating", exists=True)),
        ("categories=A > B", Filter(field="categories", any_of=AnyOf(values=["A > B"]))),
        (
            "attributes.ratio=16..9=x",
            Filter(field="attributes.ratio", any_of=AnyOf(values=["16..9=x"])),
        ),
    ],
)
def test_a_filter_is_read_as_it_is_typed(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize("text", ["", "price", "=5", "price="])
def test_what_is_no_filter_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(InvalidRequest, match="FIELD=VALUE"):
        parse_filter(text)
