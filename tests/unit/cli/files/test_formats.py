"""Files of our own wording, one of each format, with every row accounted for."""

from pathlib import Path

import pytest

from tests.catalog_reading import Read, read

FILES = Path(__file__).parent / "files"


def _file(name: str) -> Read:
    return read(FILES / name)


@pytest.mark.parametrize(
    ("name", "title", "rows", "products"),
    [
        ("acp.jsonl", "an ACP product feed, JSON lines", 2, 2),
        ("algolia.json", "Algolia records, JSON", 2, 2),
        ("google_retail.jsonl", "Google Retail products, JSON lines", 2, 2),
        ("merchant.tsv", "a Google Merchant Center feed, TSV (tab, UTF-8)", 3, 3),
        ("merchant.xml", "a Google Merchant Center feed, XML", 2, 2),
        ("plain.csv", "CSV (semicolon, UTF-8)", 2, 2),
        ("schema_org.json", "schema.org JSON-LD, JSON", 3, 4),
        ("shopify.csv", "Shopify's product CSV, CSV (comma, UTF-8)", 6, 5),
        ("shopify_2024.csv", "Shopify's product CSV, CSV (comma, UTF-8)", 2, 3),
        ("ucp.json", "UCP products (or ACP's nested feed), JSON", 2, 4),
        ("woocommerce.csv", "WooCommerce's product CSV, CSV (comma, UTF-8)", 6, 4),
    ],
)
def test_a_format_is_found_by_its_content(name: str, title: str, rows: int, products: int) -> None:
    found = _file(name)
    assert (found.format, found.account.rows, len(found.products)) == (title, rows, products)


def test_shopify_rows_of_one_handle_are_a_product_its_variants_and_its_pictures() -> None:
    found = _file("shopify.csv")
    shirt = found.product("dune-shirt")
    small = found.product("dune-shirt/Sand/S")
    assert shirt.attributes["Size"] == ("S", "M")
    assert (shirt.price, shirt.availability, shirt.tags) == (55.0, "in_stock", ("summer", "linen"))
    assert shirt.description == "Washed linen & horn buttons.\nBreathes\nDries fast"
    assert len(shirt.images) == 4
    assert (small.type, small.primary_product_id, small.sku) == (
        "variant",
        "dune-shirt",
        "DUNE-SA-S",
    )
    assert (small.title, small.price, small.original_price) == ("Dune Shirt - Sand / S", 59.0, 79.0)
    assert (small.availability, small.gtin) == ("out_of_stock", "0401234567890")
    assert found.account.merged == 1


def test_shopify_sells_on_at_a_stock_of_nothing_where_its_policy_says_so() -> None:
    assert _file("shopify.csv").product("dune-shirt/White/M").availability == "backorder"


def test_a_shopify_product_with_one_variant_is_one_product() -> None:
    mug = _file("shopify.csv").product("harbour-mug")
    assert (mug.type, mug.price, mug.sku, mug.categories) == ("primary", 14.5, "MUG-1", ("Mugs",))


def test_a_shopify_draft_is_left_out_and_said_so() -> None:
    [rejection] = _file("shopify.csv").account.rejections
    assert (rejection.line, rejection.product_id) == (7, "night-lamp")
    assert "draft" in rejection.reason


def test_the_headers_of_shopify_since_2024_mean_the_same() -> None:
    found = _file("shopify_2024.csv")
    large = found.product("tide-bottle/750 ml")
    assert found.product("tide-bottle").brands == ("Oststrand",)
    assert (large.price, large.availability, large.images) == (
        28.0,
        "backorder",
        ("https://shop.example/tide-750.jpg",),
    )
    assert found.account.unread["Cost per item"] == 2


def test_woocommerce_variations_belong_to_their_parent_by_id_or_sku() -> None:
    found = _file("woocommerce.csv")
    fleece, moss, slate = (found.product(each) for each in ("10", "11", "12"))
    assert (moss.primary_product_id, slate.primary_product_id) == ("10", "10")
    assert (fleece.price, fleece.original_price) == (65.0, 85.0)
    assert fleece.categories == ("Clothes > Fleeces", "Sale")
    assert fleece.attributes == {"Colour": ("Moss", "Slate"), "weight": ("0.4 kg",)}
    assert (moss.availability, slate.availability, slate.available_quantity) == (
        "out_of_stock",
        "in_stock",
        3,
    )
    assert moss.brands == ("Nordkap",)


def test_woocommerce_products_that_shoppers_do_not_see_are_left_out() -> None:
    reasons = [each.reason for each in _file("woocommerce.csv").account.rejections]
    assert [reason.split(";")[0].split(",")[0] for reason in reasons] == [
        "is not published",
        "is hidden from the catalogue",
    ]


def test_the_items_of_a_group_in_a_merchant_feed_are_variants_of_the_first() -> None:
    found = _file("merchant.tsv")
    oak = found.product("lamp-oak")
    ash = found.product("lamp-ash")
    assert (oak.type, ash.type, ash.primary_product_id) == ("primary", "variant", "lamp-oak")
    assert (oak.price, oak.original_price, oak.currency_code) == (99.0, 129.0, "EUR")
    assert ash.price == 1129.0
    assert len(oak.images) == 3
    assert oak.attributes["color"] == ("Oak", "Brass")
    assert found.account.unread == {"custom_label_0": 1}


def test_a_merchant_feed_in_xml_says_the_same_and_a_sale_that_is_over_does_not_count() -> None:
    found = _file("merchant.xml")
    lamp = found.product("lamp-oak")
    assert (lamp.price, lamp.original_price, lamp.currency_code) == (129.0, None, "EUR")
    assert (lamp.description, lamp.categories) == ("A lamp that bends.", ("Home > Lamps",))
    assert lamp.attributes == {"Socket": ("E27",)}
    assert len(lamp.images) == 3
    assert found.account.unread == {"shipping": 1}


def test_json_ld_gives_groups_offers_and_ratings_of_another_scale() -> None:
    found = _file("schema_org.json")
    coat = found.product("coat")
    small = found.product("COAT-S")
    wax = found.product("wax")
    assert (coat.price, coat.availability, coat.rating_average) == (189.0, "in_stock", 4.35)
    assert (small.primary_product_id, small.title, small.availability) == (
        "coat",
        "Storm Coat - S",
        "out_of_stock",
    )
    assert (wax.price, wax.availability, wax.categories) == (9.5, "in_stock", ("Care > Wax",))
    assert wax.attributes == {"color": ("Amber",), "Weight": ("250 g",)}
    assert "WebSite" in found.account.rejections[0].reason


def test_algolia_records_keep_their_deepest_categories_and_their_own_type() -> None:
    phones = _file("algolia.json").product("a1")
    assert (phones.title, phones.categories, phones.tags) == (
        "Quiet Headphones",
        ("Audio > Headphones",),
        ("new",),
    )
    assert phones.attributes == {"type": ("Over-ear",)}
    assert _file("algolia.json").account.unread == {"popularity": 2}


def test_an_acp_feed_gives_prices_with_currency_options_and_groups() -> None:
    found = _file("acp.jsonl")
    first = found.product("shoe-40")
    second = found.product("shoe-41")
    assert (first.price, first.original_price, first.currency_code) == (96.0, 120.0, "USD")
    assert first.attributes == {"size": ("40",), "weight": ("0.3 kg",)}
    assert (first.rating_average, first.rating_count, len(first.images)) == (4.5, 12, 3)
    assert (second.availability, second.primary_product_id) == ("preorder", "shoe-40")


def test_ucp_amounts_are_in_the_smallest_unit_of_their_currency() -> None:
    found = _file("ucp.json")
    runner, blue, laces = (found.product(each) for each in ("runner", "runner-blue", "laces"))
    assert (runner.price, runner.rating_average, runner.attributes) == (
        99.0,
        4.5,
        {"Colour": ("Blue", "Red")},
    )
    assert (blue.original_price, blue.gtin, blue.primary_product_id) == (
        110.0,
        "4006381333931",
        "runner",
    )
    assert (laces.price, laces.currency_code, laces.availability) == (900.0, "JPY", "backorder")


def test_google_retail_products_keep_price_info_colours_and_images() -> None:
    found = _file("google_retail.jsonl")
    sofa = found.product("sofa")
    red = found.product("sofa-red")
    assert (sofa.price, sofa.original_price, sofa.currency_code) == (799.0, 999.0, "EUR")
    assert (sofa.rating_average, sofa.rating_count, sofa.images) == (
        4.2,
        9,
        ("https://shop.example/s.jpg",),
    )
    assert sofa.attributes["color"] == ("Moss",)
    assert (red.type, red.primary_product_id, red.price) == ("variant", "sofa", 849.0)
    assert found.account.unread == {"price_info.cost": 1, "fulfillment_info": 1}
