import json
import re
from collections import Counter
from datetime import datetime

import pytest

from sample.barcode import check_digit
from sample.product import Made, catalog
from sample.reading import departments, kinds
from sample.title import style_of
from sample.vocabulary import COLOR
from tests.unit.sample.made_shop import shop

FIELDS = {
    "product_id", "type", "primary_product_id", "title", "description", "brands", "categories",
    "price", "availability", "available_quantity", "rating", "gtin", "sku", "uri", "images",
    "attributes", "tags", "publish_time", "language_code",
}  # fmt: skip


def test_the_shop_has_about_three_thousand_products_in_a_dozen_departments() -> None:
    assert 2500 <= len(shop()) <= 3500
    assert len({made.model.department for made in shop()}) >= 12


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    rows = [made.row for made in shop()]
    assert json.dumps(rows) == json.dumps([made.row for made in catalog(7)])
    assert rows != [made.row for made in catalog(8)]


def test_every_row_has_the_fields_of_a_product_and_no_others() -> None:
    for made in shop():
        assert set(made.row) - {"rating", "primary_product_id"} == FIELDS - {
            "rating",
            "primary_product_id",
        }


@pytest.mark.parametrize("field", ["product_id", "gtin", "sku", "uri"])
def test_what_names_a_product_names_no_other(field: str) -> None:
    assert max(Counter(made.row[field] for made in shop()).values()) == 1


def test_every_gtin_has_a_valid_check_digit_and_belongs_to_no_real_product() -> None:
    assert check_digit("629104150021") == "3"  # the worked example of GS1's own calculator
    for made in shop():
        gtin = made.row["gtin"]
        assert len(gtin) == 13 and gtin.startswith("2") and check_digit(gtin[:-1]) == gtin[-1]


def test_a_variant_points_to_a_primary_of_its_kind_and_differs_from_it() -> None:
    by_id = {made.product_id: made for made in shop()}
    variants = [made for made in shop() if made.row["type"] == "variant"]
    assert len(variants) > 500
    for variant in variants:
        primary = by_id[variant.row["primary_product_id"]]
        assert primary.row["type"] == "primary"
        assert primary.model.kind == variant.model.kind
        assert primary.row["attributes"] != variant.row["attributes"]


def test_no_text_holds_a_gap_or_an_empty_bracket() -> None:
    for made in shop():
        text = f"{made.row['title']}\n{made.row['description']}"
        assert not re.search(r"  |\(\)|\{|\}|,,| ,|- -|\.\.", text), text


def test_a_description_has_two_to_seven_sentences() -> None:
    for made in shop():
        assert 2 <= len(re.findall(r"[.!](?: |$)", made.row["description"])) <= 7, made.row["description"]


def test_a_description_tells_of_no_value_that_the_product_does_not_have() -> None:
    for made in shop():
        own = {sentence for _, value in made.model.values() for sentence in value.sentences}
        other = {
            sentence
            for trait in made.model.kind.traits
            for value in trait.values
            for sentence in value.sentences
        } - own
        assert not [sentence for sentence in other if f" {sentence}" in made.row["description"]], made.row


def test_every_trait_is_told_in_the_title_or_the_description() -> None:
    for made in shop():
        text = f"{made.row['title']} {made.row['description']}"
        for name, value in made.model.values():
            told = [*value.sentences, value.title.removeprefix("with ")]
            assert any(part and part in text for part in told) or abbreviates(made), (name, text)


def abbreviates(made: Made) -> bool:
    return style_of(made.model.brand.name).short


def test_the_color_stands_in_the_title() -> None:
    for made in shop():
        if color := made.model.value(COLOR):
            assert str(color).lower() in made.row["title"].lower()


def test_a_sale_price_is_below_the_full_one_and_every_price_is_positive() -> None:
    for made in shop():
        price = made.row["price"]
        assert 0 < price["amount"] < price.get("original_amount", float("inf"))


def test_ratings_stay_in_their_scale_and_times_are_rfc_3339() -> None:
    for made in shop():
        rating = made.row.get("rating", {"average": 3, "count": 1})
        assert 1 <= rating["average"] <= 5 and rating["count"] >= 1
        assert datetime.fromisoformat(made.row["publish_time"]).tzinfo is not None


def test_links_lead_nowhere_but_to_example_com() -> None:
    for made in shop():
        assert all(link.startswith("https://example.com/") for link in (made.row["uri"], *made.row["images"]))


def test_the_vocabulary_refers_only_to_kinds_that_exist() -> None:
    for kind in kinds().values():
        named = (*kind.near, *kind.goes, *(answer for use in kind.uses for answer in use.kinds))
        assert set(named) <= set(kinds()), kind.key
    for department in departments():
        assert all(set(gift.kinds) <= set(kinds()) for gift in department.gifts)


def test_every_kind_is_sold_by_more_than_one_brand_of_its_department() -> None:
    for department in departments():
        for kind in department.kinds:
            assert sum(kind.section in brand.sections for brand in department.brands) > 1, kind.key
