"""A bad optional field costs the field, never the product."""

from typing import Any

import pytest

from shared.catalog.mending.row import read_strictly, valid_product
from shared.catalog.product import Product
from shared.catalog.validation import Violation
from tests.unit.catalog.lenient_rows import NAN, product_of, read


@pytest.mark.parametrize(
    ("said", "quantity"),
    [
        *((-3, 0), ("-3", 0), ("12.0", 12), ("1,200", 1200), (" 7 ", 7), ("many", None), (2.5, None)),
        *(("3 pcs", 3), ("40 Stück", 40), ("3 boxes", None), ("> 10", None)),
        *(({"quantity": 0}, 0), ({"available": "1,200"}, 1200), ({"warehouse": 4}, None)),
    ],
)
def test_a_stock_is_read_as_a_whole_number(said: Any, quantity: int | None) -> None:
    assert product_of(available_quantity=said).available_quantity == quantity


@pytest.mark.parametrize("said", [-3, "-3", "none", 1e300, NAN, {"warehouse": 1}])
def test_a_row_that_says_out_of_stock_is_kept_whatever_its_quantity(said: Any) -> None:
    assert product_of(availability="out of stock", available_quantity=said).availability == "out_of_stock"


@pytest.mark.parametrize(("said", "state"), [(0, "out_of_stock"), (-3, "out_of_stock"), (1, "in_stock")])
def test_where_only_the_stock_is_given_none_left_is_out_of_stock(said: int, state: str) -> None:
    assert product_of(available_quantity=said).availability == state
    assert product_of(available_quantity=said, availability="backorder").availability == "backorder"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("instock", "in_stock"),
        ("In Stock", "in_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/OutOfStock", "out_of_stock"),
        ("schema:PreOrder", "preorder"),
        ("SoldOut", "out_of_stock"),
        ("onbackorder", "backorder"),
        ("AVAILABILITY_OUT_OF_STOCK", "out_of_stock"),
        (True, "in_stock"),
        (False, "out_of_stock"),
        ("0", "out_of_stock"),
        (["InStock"], "in_stock"),
        ("In stock (3 left)", "in_stock"),
        ("Sold out: 0", "out_of_stock"),
        ("On order", "backorder"),
    ],
)
def test_availability_is_read_in_the_words_of_others(said: Any, state: str) -> None:
    assert product_of(availability=said).availability == state


@pytest.mark.parametrize(
    ("said", "gtin"),
    [
        ("978-3-16-148410-0", "9783161484100"),
        ("4006381 333931", "4006381333931"),
        (4006381333931.0, "4006381333931"),
        ("123", ""),
        ("N/A", ""),
        ("4.00638E+12", ""),
        ("EAN: 4006381333931", "4006381333931"),
        ("ISBN-13: 978-3-16-148410-0", "9783161484100"),
        ("ISBN 3-16-148410-X", ""),
    ],
)
def test_a_gtin_is_read_from_its_digits(said: Any, gtin: str) -> None:
    assert product_of(gtin=said).gtin == gtin


@pytest.mark.parametrize(
    ("said", "average"),
    [
        ("4,5", 4.5),
        ("4.5/5", 4.5),
        ("4.5 out of 5 stars", 4.5),
        (5.1, None),
        (87, None),
        (-1, None),
        (NAN, None),
    ],
)
def test_a_rating_is_read_on_the_scale_to_five(said: Any, average: float | None) -> None:
    assert product_of(rating=said).rating_average == average
    assert product_of(rating={"average": said, "count": "1,204"}).rating_count == 1204


def test_prose_that_is_too_long_is_cut_at_a_word() -> None:
    product = product_of(title="word " * 300, description="letters " * 4_000)
    assert len(product.title) <= 1_000
    assert product.title.endswith("word")
    assert 19_900 < len(product.description) <= 20_000
    assert product.description.endswith("letters")


def test_an_address_that_is_too_long_is_left_out_since_a_part_of_it_leads_nowhere() -> None:
    assert product_of(uri="https://x/" + "a" * 3_000).uri == ""


def test_of_a_hundred_and_twenty_pictures_the_first_hundred_are_kept() -> None:
    reading = read(images=[{"url": f"https://x/{at}.jpg"} for at in range(120)])
    assert isinstance(reading.outcome, Product)
    assert reading.outcome.images[0] == "https://x/0.jpg"
    assert len(reading.outcome.images) == 100
    assert reading.mendings[0].action == "100 of 120 values kept"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"brand": {"@type": "Brand", "name": "Pot & Co"}}, {"brands": ("Pot & Co",)}),
        ({"brands": [{"name": "A"}, {"name": "B"}]}, {"brands": ("A", "B")}),
        ({"category": {"name": "Pots"}}, {"categories": ("Pots",)}),
        ({"categories": [["Home", "Pots"], ["Sale"]]}, {"categories": ("Home > Pots", "Sale")}),
        ({"tags": [{"label": "new"}]}, {"tags": ("new",)}),
        ({"description": ["One.", "Two."]}, {"description": "One.\nTwo."}),
        (
            {"attributes": {"size": {"width": 10, "height": 20}}},
            {"attributes": {"size.width": (10.0,), "size.height": (20.0,)}},
        ),
        ({"attributes": [{"name": "Color", "value": "red"}]}, {"attributes": {"Color": ("red",)}}),
        ({"attributes": {"w": NAN, "c": ["", None], "k": "x"}}, {"attributes": {"k": ("x",)}}),
        ({"attributes": {"w": {"numbers": [3], "searchable": True}}}, {"attributes": {"w": (3.0,)}}),
        ({"attributes": {"a\nb": "x"}}, {"attributes": {"a b": ("x",)}}),
        ({"description": "\ud800 deep"}, {"description": " deep"}),
    ],
)
def test_nested_values_are_read_where_they_have_one_meaning(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    product = product_of(**fields)
    assert {name: getattr(product, name) for name in expected} == expected


@pytest.mark.parametrize(
    "field", ["description", "price", "rating", "gtin", "publish_time", "available_quantity"]
)
def test_no_number_is_no_value(field: str) -> None:
    assert isinstance(read(**{field: NAN}).outcome, Product)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": NAN}, "title"),
        ({"title": {"en": "Kettle"}}, "title"),
        ({"product_id": "x" * 200}, "product_id"),
    ],
)
def test_without_a_valid_id_or_a_title_a_row_is_no_product(fields: dict[str, Any], field: str) -> None:
    outcome = read(**fields).outcome
    assert isinstance(outcome, Violation)
    assert outcome.field == field


def test_a_variant_that_names_no_primary_is_a_product_of_its_own() -> None:
    assert product_of(type="variant").type == "primary"
    assert product_of(type="bundle").type == "primary"


def test_each_field_of_a_row_is_mended_by_itself() -> None:
    reading = read(
        price="1,299.00",
        gtin="x",
        availability="instock",
        rating=87,
        attributes={"a": [{"b": {}}], "c": "d"},
    )
    assert isinstance(reading.outcome, Product)
    assert reading.outcome.attributes == {"c": ("d",)}
    assert {each.field: each.action for each in reading.mendings} == {
        "price.amount": "read as 1299.0",
        "availability": "read as 'in_stock'",
        "rating.average": "left out",
        "gtin": "left out",
        "attributes.a": "left out",
    }


def test_a_thousand_bad_attributes_are_mended_in_one_pass() -> None:
    reading = read(attributes={f"a{at}": NAN for at in range(2_000)})
    assert isinstance(reading.outcome, Product)
    assert len(reading.mendings) == 2_000


def test_a_field_that_is_left_out_says_how_to_mend_it() -> None:
    [mending] = read(gtin="123").mendings
    assert mending.reason == "is '123'; give 8, 12, 13 or 14 digits, or leave it out"


@pytest.mark.parametrize("said", ["1,299.00", "19,99", -1])
def test_strictly_a_bad_field_keeps_the_row_out(said: Any) -> None:
    row = {"product_id": "p1", "title": "Kettle", "price": said}
    assert valid_product(row) is None
    assert isinstance(read_strictly(row).outcome, Violation)
