import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.retrieval.filters import AnyOf, Between, Exists, Filter, mask_of
from services.retrieval.known_fields import note
from shared.caller import Caller, CallerLeft
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.snapshot.columns import Columns, ColumnsWriter

BRANDS = ("Acme", "acme", "Hob", "Lux")
COLORS = ("red", "Blue", "blue")
PATHS = ("A", "A > B", "A > B > C", "D")


def random_product(number: int, rng: random.Random) -> Product:
    def some(values: Sequence[Any], most: int) -> tuple[Any, ...]:
        return tuple(rng.sample(values, rng.randint(0, most)))

    attributes = {
        "color": some(COLORS, 2),
        "size": some((1.0, 2.5, 40.0), 2),
        "odd": rng.choice([("7",), (7.0,)]),
    }
    return Product(
        f"p{number}",
        "title",
        brands=some(BRANDS, 2),
        categories=some(PATHS, 2),
        price=rng.choice([None, 0.0, 9.99, 10.0]),
        rating_average=rng.choice([None, 4.5]),
        available_quantity=rng.choice([None, 0, 3]),
        tags=some(("new", "eco"), 1),
        availability=rng.choice(["in_stock", "out_of_stock"]),
        attributes={name: values for name, values in attributes.items() if values},
    )


PRODUCTS = [random_product(number, random.Random(number)) for number in range(60)]
EVERY = set(range(60))


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    folder = tmp_path_factory.mktemp("columns")
    writer = ColumnsWriter(folder)
    writer.add(PRODUCTS)
    writer.finish()
    return Columns.open(folder)


def rows(columns: Columns, *filters: Filter) -> set[int]:
    ids = {product.product_id: row for row, product in enumerate(PRODUCTS)}
    mask = mask_of(filters, columns, ids.get)
    assert mask is not None
    return set(np.flatnonzero(mask).tolist())


def values_of(product: Product, field: str) -> tuple[Any, ...]:
    """The values of a field as a person would read them off the product."""
    if field.startswith("attributes."):
        return product.attributes.get(field.removeprefix("attributes."), ())
    if field == "rating":
        return () if product.rating_average is None else (product.rating_average,)
    value = getattr(product, field)
    return value if isinstance(value, tuple) else () if value in (None, "") else (value,)


def holds(product: Product, filter_: Filter) -> bool:
    values = values_of(product, filter_.field)
    match filter_.condition:
        case AnyOf(wanted):
            held = {str(value).casefold() for value in values} | {
                f"{v:g}" for v in values if isinstance(v, float | int)
            }
            if filter_.field == "categories":
                found = any(v == w or v.startswith(w + " > ") for v in values for w in wanted)
            else:
                found = any(value.casefold() in held for value in wanted)
        case Between(low, high, _, _):
            found = any(low <= value <= high for value in values if not isinstance(value, str))
        case Exists(present):
            found = bool(values) == present
    return found != filter_.negate


textual = st.builds(
    Filter,
    st.sampled_from(["brands", "attributes.color", "tags", "availability", "type"]),
    st.builds(
        AnyOf,
        st.lists(st.sampled_from([*BRANDS, *COLORS, "new", "IN_STOCK", "primary", "none"]), min_size=1),
    ),
    st.booleans(),
)
hierarchical = st.builds(
    Filter,
    st.just("categories"),
    st.builds(AnyOf, st.lists(st.sampled_from(PATHS), min_size=1)),
    st.booleans(),
)
ends = st.sampled_from([-math.inf, 0.0, 2.5, 9.99, 10.0, math.inf])
numeric = st.builds(
    Filter,
    st.sampled_from(["price", "rating", "available_quantity", "attributes.size", "attributes.odd"]),
    st.one_of(
        st.builds(Between, ends, ends),
        st.builds(AnyOf, st.lists(st.sampled_from(["0", "7", "10"]), min_size=1)),
    ),
    st.booleans(),
)
anywhere = st.builds(
    Filter,
    st.sampled_from(
        ["brands", "categories", "price", "rating", "attributes.color", "attributes.size", "type"]
    ),
    st.builds(Exists, st.booleans()),
    st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(filters=st.lists(st.one_of(textual, hierarchical, numeric, anywhere), min_size=1, max_size=3))
def test_filters_select_what_reading_every_product_selects(columns: Columns, filters: list[Filter]) -> None:
    filters = [with_a_tuple(each) for each in filters]
    expected = {row for row, product in enumerate(PRODUCTS) if all(holds(product, each) for each in filters)}
    assert rows(columns, *filters) == expected


def with_a_tuple(filter_: Filter) -> Filter:
    """Of the values, which are drawn as a list."""
    if not isinstance(filter_.condition, AnyOf):
        return filter_
    return Filter(filter_.field, AnyOf(tuple(filter_.condition.values)), filter_.negate)


def test_no_filter_selects_without_a_mask(columns: Columns) -> None:
    assert mask_of((), columns, lambda product_id: None) is None


def test_products_are_selected_by_id(columns: Columns) -> None:
    assert rows(columns, Filter("product_id", AnyOf(("p3", "p5", "nobody")))) == {3, 5}
    assert rows(columns, Filter("product_id", Exists(False))) == set()


def test_a_category_is_found_however_its_path_is_spaced(columns: Columns) -> None:
    assert rows(columns, Filter("categories", AnyOf(("a>b",)))) == rows(
        columns, Filter("categories", AnyOf(("A > B",)))
    )


def test_many_values_select_as_few_do(columns: Columns) -> None:
    many = AnyOf((*(f"value {number}" for number in range(900)), "Hob", "Lux", "red", "new", "eco"))
    assert rows(columns, Filter("brands", many)) == rows(columns, Filter("brands", AnyOf(("hob", "lux"))))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (AnyOf(("red",)), set()),
        (Between(1, 2), set()),
        (Exists(True), set()),
        (Exists(False), EVERY),
    ],
)
def test_no_product_has_an_attribute_that_is_not_there(
    columns: Columns, condition: AnyOf | Between | Exists, found: set[int]
) -> None:
    assert rows(columns, Filter("attributes.colour", condition)) == found
    assert rows(columns, Filter("attributes.colour", condition, negate=True)) == EVERY - found


def test_a_note_about_an_attribute_that_is_not_there_names_what_is_close(
    columns: Columns,
) -> None:
    said = note(columns, "filters", "attributes.colour")
    assert said.startswith("filters: no product has 'attributes.colour'; did you mean ")
    assert "attributes.color" in said
    assert [note(columns, "filters", field) for field in ("attributes.color", "brands", "product_id")] == [
        ""
    ] * 3


@pytest.mark.parametrize(
    ("filter_", "said"),
    [
        (Filter("brand", AnyOf(("x",))), "did you mean brands"),
        (Filter("zzz", Exists(True)), "fields are title, sku"),
        (Filter("brands", Between(1, 2)), "brands holds texts; use any_of"),
        (Filter("product_id", Between(1, 2)), "product_id is a text"),
        (Filter("price", AnyOf(("cheap",))), "price holds numbers"),
        (Filter("price", Between(math.nan, 2)), "not NaN"),
    ],
)
def test_a_filter_that_cannot_hold_names_its_field_and_the_remedy(
    columns: Columns, filter_: Filter, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=r"^filters\.") as caught:
        rows(columns, filter_)
    assert said in str(caught.value)


def test_filters_end_once_their_caller_has_left(columns: Columns) -> None:
    caller = Caller()
    caller.leave()
    with pytest.raises(CallerLeft):
        mask_of([Filter("brands", AnyOf(("acme",)))] * 100, columns, lambda product_id: None, caller)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 500])
def test_every_text_is_found_among_many_in_whatever_case(count: int, tmp_path: Path) -> None:
    writer = ColumnsWriter(tmp_path / "columns")
    names = [f"Straße {number:03}" if number % 2 else f"STRASSE {number - 1:03}" for number in range(count)]
    writer.add([Product(f"p{number}", "title", brands=(name,)) for number, name in enumerate(names)])
    writer.finish()
    values = Columns.open(tmp_path / "columns").values
    for name in names:
        same = [other for other in names if other.casefold() == name.casefold()]
        assert sorted(values[code] for code in values.codes(name.swapcase())) == sorted(same)
        assert values[values.code(name) or 0] == name
    assert values.codes("zzz") == range(len(values), len(values)) and not values.codes("")
