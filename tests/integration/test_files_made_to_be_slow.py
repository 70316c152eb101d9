"""A catalogue file is read in linear time for any content.

An algorithm that takes quadratic time needs minutes for these files, and a linear one seconds.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.files.plain_text import plain_text
from shared.errors import InvalidRequest
from tests.catalog_reading import read_text

LETTERS = 300_000
VARIANTS = 5_000
MARKUP = (
    *(
        "<a ",
        "<a/",
        "<a =",
        '<a x="',
        "<a x='>\"",
        "</a ",
        "<!",
        "<!--",
        "<!---->",
        "<?",
        "</",
        "<",
        "<a a a a a a",
    ),
    *("<script>", "<script></scrip", "<template>", "<br>", "&", "&#", "&#x1", "&a", "<a>"),
)
SHOPIFY = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant SKU,Image Src\n"

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("unit", MARKUP)
def test_html_that_does_not_end_is_read_once(unit: str) -> None:
    text = unit * (LETTERS // len(unit))
    for each in (text, f"<p>{text}>", f"<script>{text}", f"<!--{text}", f"<b {text}"):
        plain_text(each)


@pytest.mark.parametrize("number", ["9" * 5_000, "x" + "9" * 5_000, "0" * 5_000 + "38"])
def test_a_letter_by_number_may_have_any_number_of_digits(tmp_path: Path, number: str) -> None:
    found = read_text(
        tmp_path,
        f"id,title,description\n1,Pot,<p>&#{number}; of steel</p>\n2,Pan,\n",
        "catalog.csv",
    )
    assert found.product("1").description == ("& of steel" if number.endswith("38") else "\ufffd of steel")
    assert [each.product_id for each in found.products] == ["1", "2"]


def shopify() -> Iterator[str]:
    yield SHOPIFY
    for at in range(VARIANTS):
        yield f"pot,Pot,Size,{at},1,sku{at},https://shop.example/{at}.jpg\n"


def test_a_variant_has_no_more_pictures_than_a_product_can(tmp_path: Path) -> None:
    found = read_text(tmp_path, "".join(shopify()), "catalog.csv")
    assert {len(each.images) for each in found.products} == {100}
    assert {each.product_id for each in found.account.warnings} == {"pot"}


def test_a_group_of_many_variants_with_many_attributes_is_read(tmp_path: Path) -> None:
    properties = [{"@type": "PropertyValue", "name": f"p{at}", "value": "1"} for at in range(20_000)]
    variants = [
        {"@type": "Product", "sku": f"s{at}", "name": "Pot", "color": f"c{at}"} for at in range(20_000)
    ]
    group = {
        "@type": "ProductGroup",
        "name": "Pot",
        "productGroupID": "pot",
        "additionalProperty": properties,
    }
    found = read_text(
        tmp_path,
        json.dumps({"@graph": [{**group, "hasVariant": variants[:1_000]}]}),
        "catalog.json",
    )
    assert (found.account.made, len(found.products)) == (1_000, 1_001)
    assert {len(each.attributes) for each in found.products} == {1_000}
    assert {each.product_id for each in found.account.warnings} == {"pot"}
    found = read_text(
        tmp_path,
        json.dumps({**group, "additionalProperty": [], "hasVariant": variants}),
        "other.json",
    )
    assert (found.account.made, len(found.products)) == (20_000, 20_001)


def test_a_table_whose_quotes_never_fit_is_refused_in_bounded_time(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="quotes do not end"):
        read_text(tmp_path, "id,title,price\n" + 'x",",z\n' * 200_000, "catalog.csv")
