"""What feeds and the formats of others do beyond their fields; files of our own wording."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.errors import InvalidRequest
from tests.catalog_reading import read_text


def test_empty_lines_before_the_declaration_of_xml_are_no_fault(tmp_path: Path) -> None:
    item = "<item><id>7</id><title>Tent</title><image_link>https://shop.example/t.jpg</image_link></item>"
    text = f"\n\n<?xml version='1.0'?>\n<rss><channel>\n{item}\n<item/></channel></rss>"
    for prefix in ("", "\ufeff"):
        found = read_text(tmp_path, prefix + text, "feed.xml")
        assert found.product("7").title == "Tent"
        assert [each.line for each in found.account.rejections] == [6]


def test_googles_element_counts_where_atom_has_one_of_that_name(tmp_path: Path) -> None:
    own = "<id>tag:shop.example,2024:7</id><title>Tent | The Shop</title>"
    google = "<g:id>T7</g:id><g:title>Tent</g:title><g:image_link>https://shop.example/t.jpg</g:image_link>"
    spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"'
    for entry in (own + google, google + own):
        found = read_text(tmp_path, f"<feed {spaces}><entry>{entry}</entry></feed>", "feed.xml")
        assert [(each.product_id, each.title) for each in found.products] == [("T7", "Tent")]


def test_a_wordpress_export_is_refused_with_the_way_to_the_csv(tmp_path: Path) -> None:
    text = '<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"><channel/></rss>'
    with pytest.raises(InvalidRequest, match="export the products as CSV"):
        read_text(tmp_path, text, "products.xml")


def test_a_group_of_schema_org_may_have_one_variant_or_name_those_that_stand_elsewhere(
    tmp_path: Path,
) -> None:
    group = '"@type": "ProductGroup", "productGroupID": "kite", "name": "Kite"'
    red = '{"@type": "Product", "@id": "#red", "name": "Red kite", "offers": {"price": 30}}'
    one = read_text(tmp_path, f'{{{group}, "hasVariant": {red}}}')
    assert [(each.product_id, each.type, each.price) for each in one.products] == [
        ("kite", "primary", 30),
        ("#red", "variant", 30),
    ]
    named = read_text(tmp_path, f'{{"@graph": [{red}, {{{group}, "hasVariant": [{{"@id": "#red"}}]}}]}}')
    assert [(each.product_id, each.price) for each in named.products] == [("#red", 30), ("kite", None)]
    assert named.warned() == []


def test_a_title_that_a_machine_wrote_is_a_title(tmp_path: Path) -> None:
    machine = "<g:digital_source_type>trained_algorithmic_media</g:digital_source_type>"
    title = f"<g:structured_title>{machine}<g:content>Kite</g:content></g:structured_title>"
    item = f"<g:id>1</g:id><g:image_link>a</g:image_link>{title}"
    feed = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item>{item}</item></channel></rss>'
    assert read_text(tmp_path, feed, "feed.xml").product("1").title == "Kite"
    table = 'id\tstructured_title\n2\ttrained_algorithmic_media:"Red kite"\n'
    assert read_text(tmp_path, table, "feed.tsv", format="merchant").product("2").title == "Red kite"


@pytest.mark.parametrize(
    ("name", "row", "unread"),
    [
        (
            "algolia",
            {"objectID": "1", "name": "Kite", "hierarchicalCategories": ["A"]},
            "hierarchicalCategories",
        ),
        ("google-retail", {"id": "1", "title": "Kite", "priceInfo": "5"}, "price_info"),
        ("google-retail", {"id": "1", "title": "Kite", "colorInfo": "red"}, "color_info"),
        ("acp", {"item_id": "1", "title": "Kite", "variant_dict": [1]}, "variant_dict"),
        ("acp", {"item_id": "1", "title": "Kite", "variant_dict": "[1]"}, "variant_dict"),
        ("ucp", {"id": "1", "title": "Kite", "variants": ["v1"]}, "variants"),
    ],
)
def test_a_field_of_another_shape_than_its_format_has_is_counted(
    tmp_path: Path, name: str, row: dict[str, Any], unread: str
) -> None:
    assert read_text(tmp_path, json.dumps(row), format=name).account.unread == {unread: 1}


def test_a_list_in_xml_is_what_is_in_it(tmp_path: Path) -> None:
    lists = (
        "<images><image>u1</image><image>u2</image></images><categories><category>A</category></categories>"
    )
    feed = f"<products><product><id>1</id><title>Kite</title>{lists}</product></products>"
    kite = read_text(tmp_path, feed, "feed.xml").product("1")
    assert (kite.images, kite.categories) == (("u1", "u2"), ("A",))
