"""What exports of shop systems do beyond their columns; files of our own wording."""

from pathlib import Path

import pytest

from tests.catalog_reading import Read, read_text

_SHOPIFY = "Handle,Title,Option1 Name,Option1 Value,Variant Inventory Qty,Variant Price,Published"
_WOO = (
    "ID,Type,SKU,Name,Published,Visibility in catalog,Description,"
    "In stock?,Stock,Regular price,Sale price,Parent"
)


def _woo(folder: Path, header: str, *rows: str) -> Read:
    return read_text(folder, "\n".join((header, *rows)), "woo.csv")


def test_shopify_sells_what_nobody_counts_whatever_its_quantity_says(tmp_path: Path) -> None:
    rows = "kite,Kite,Colour,Red,0,30,TRUE,,deny\nkite,,,Blue,0,30,,shopify,deny\n"
    found = read_text(
        tmp_path, f"{_SHOPIFY},Variant Inventory Tracker,Variant Inventory Policy\n{rows}", "shop.csv"
    )
    assert [found.product(f"kite/{each}").availability for each in ("Red", "Blue")] == [
        "in_stock",
        "out_of_stock",
    ]
    assert found.product("kite").availability == "in_stock"


def test_shopify_counts_a_quantity_where_the_file_has_no_column_of_trackers(tmp_path: Path) -> None:
    found = read_text(tmp_path, f"{_SHOPIFY}\nkite,Kite,Title,Default Title,0,30,TRUE\n", "shop.csv")
    assert found.product("kite").availability == "out_of_stock"


def test_what_shoppers_shall_not_see_is_named_and_goes_where_the_file_replaces_the_catalogue(
    tmp_path: Path,
) -> None:
    found = _woo(
        tmp_path, _WOO, "7,simple,TENT,Tent,-1,visible,,1,,90,,", "8,simple,PEG,Peg,1,hidden,,1,,2,,"
    )
    rejections = [(each.line, each.product_id, each.field) for each in found.account.rejections]
    assert rejections == [(2, "7", "Published"), (3, "8", "Visibility in catalog")]
    assert found.account.rejected_ids == set()
    draft = read_text(tmp_path, f"{_SHOPIFY}\nkite,Kite,Title,Default Title,1,30,FALSE\n", "shop.csv")
    assert (draft.account.rejected, draft.account.rejected_ids) == (1, set())


def test_the_products_of_rejected_rows_are_known_by_their_ids_as_they_are(tmp_path: Path) -> None:
    found = read_text(tmp_path, '{"id": "a\u00a0b"}\n{"id": "1", "title": "Pot"}\n{"id": "2", "ti')
    assert (found.account.rejected_ids, found.account.unreadable) == ({"a\u00a0b"}, 1)
    assert found.account.rejections[0].product_id == r"a\xa0b"


def test_variations_of_a_woocommerce_product_that_is_left_out_are_left_out(tmp_path: Path) -> None:
    found = _woo(
        tmp_path,
        _WOO,
        "7,variable,TENT,Tent,0,visible,,1,,,,",
        "8,variation,TENT-S,Tent - Small,1,visible,,1,,90,,id:7",
        "9,variation,TENT-L,Tent - Large,1,visible,,1,,120,,TENT",
        "10,simple,PEG,Peg,1,visible,,1,,2,,",
    )
    assert [each.product_id for each in found.products] == ["10"]
    assert [each.field for each in found.account.rejections] == ["Published", "Parent", "Parent"]


def test_woocommerce_writes_line_breaks_and_commas_with_a_backslash(tmp_path: Path) -> None:
    header = (
        "ID,Type,Name,Published,Description,Regular price,Categories,"
        "Tax status,Attribute 1 name,Attribute 1 value(s)"
    )
    text = r'"<p>Seven poles.</p>\n<ul>\n <li>Folder C:\\notes</li>\n</ul>"'
    found = _woo(
        tmp_path,
        header,
        rf'7,simple,Tent,1,{text},90,"Home\, Garden > Tents, Sale",taxable,Use,"Wind\, rain, Sun"',
    )
    tent = found.product("7")
    assert tent.description == "Seven poles.\nFolder C:\\notes"
    assert tent.categories == ("Home, Garden > Tents", "Sale")
    assert tent.attributes["Use"] == ("Wind, rain", "Sun")


def test_woocommerce_guards_cells_that_a_spreadsheet_would_compute(tmp_path: Path) -> None:
    found = _woo(
        tmp_path, _WOO, "7,simple,TENT,'=Tent=,1,visible,,1,'-3,90,,", "8,simple,PEG,Peg,'-1,visible,,1,,2,,"
    )
    [tent] = found.products
    assert (tent.title, tent.available_quantity) == ("=Tent=", 0)
    assert found.warned() == [("available_quantity", "read as 0")]


@pytest.mark.parametrize(
    ("start", "end", "price", "original"),
    [
        ("", "", 60.0, 90.0),
        ("2020-01-01 00:00:00", "2020-02-01 23:59:59", 90.0, None),
        ("2020-01-01", "", 60.0, 90.0),
        ("2999-01-01", "", 90.0, None),
        ("", "2999-01-01", 60.0, 90.0),
        ("soon", "", 60.0, 90.0),
    ],
)
def test_a_woocommerce_sale_counts_while_it_is_on(
    tmp_path: Path, start: str, end: str, price: float, original: float | None
) -> None:
    header = f"{_WOO},Date sale price starts,Date sale price ends"
    [tent] = _woo(tmp_path, header, f"7,simple,TENT,Tent,1,visible,,1,,90,60,,{start},{end}").products
    assert (tent.price, tent.original_price) == (price, original)


def test_a_primary_has_the_lowest_of_prices_with_a_decimal_comma(tmp_path: Path) -> None:
    found = _woo(
        tmp_path,
        _WOO.replace(",", ";"),
        "7;variable;TENT;Tent;1;visible;;1;;;;",
        "8;variation;TENT-S;Tent - Small;1;visible;;1;;1.089,90;;id:7",
        "9;variation;TENT-L;Tent - Large;1;visible;;1;;120,50;;id:7",
    )
    assert found.product("7").price == 120.5


def test_empty_lines_before_a_header_are_none_of_its_rows(tmp_path: Path) -> None:
    found = read_text(tmp_path, "\r\n , \r\n\tid,title,price\r\n7,Tent,90\r\n", "shop.csv")
    assert (found.format, found.account.rows) == ("CSV (comma, UTF-8)", 1)
    assert found.product("7").price == 90.0


def test_marks_at_a_name_are_no_part_of_it(tmp_path: Path) -> None:
    found = read_text(
        tmp_path, "Product ID;Name *;Tags (x, y...);*Brand\n7;Tent;wind, rain;Norr\n", "shop.csv"
    )
    tent = found.product("7")
    assert (tent.title, tent.tags, tent.brands) == ("Tent", ("wind", "rain"), ("Norr",))


def test_html_in_the_description_of_a_table_is_read_as_text(tmp_path: Path) -> None:
    text = "id,title,description\n7,Tent,<p>Light &amp; dry</p><br>Packs small\n8,Peg,for winds <b and > c\n"
    found = read_text(tmp_path, text, "shop.csv")
    assert found.product("7").description == "Light & dry\nPacks small"


def test_a_table_with_skus_and_no_ids_says_how_to_read_them(tmp_path: Path) -> None:
    found = read_text(tmp_path, "SKU,name,price\nT-7,Tent,90\n", "shop.csv")
    [rejection] = found.account.rejections
    assert "--map SKU=product_id" in rejection.reason
    mapped = read_text(tmp_path, "SKU,name,price\nT-7,Tent,90\n", "shop.csv", names={"SKU": "product_id"})
    assert mapped.product("T-7").title == "Tent"


def test_a_column_whose_field_another_has_is_not_asked_to_be_itself(tmp_path: Path) -> None:
    found = read_text(tmp_path, "id,title,categories,product_type\n7,Tent,Camping,simple\n", "shop.csv")
    [column] = found.account.unread_columns(
        {"product_type": "product_type", "product_title": "product_title"}
    )
    assert (column.name, column.nearest) == ("product_type", "")


def test_woocommerce_without_a_column_of_states_is_read_by_its_stock(tmp_path: Path) -> None:
    header = "ID,Type,Name,Published,Stock,Backorders allowed?,Regular price,Tax status"
    stocks = ("0,0", "-2,", "0,notify", "3,0", ",", "many,", "--5,")
    found = _woo(tmp_path, header, *(f"{at},simple,Peg,1,{each},2,taxable" for at, each in enumerate(stocks)))
    states = [each.availability for each in found.products]
    assert states == ["out_of_stock", "out_of_stock", "backorder", *["in_stock"] * 4]
    assert [each.line for each in found.account.warnings if each.action == "left out"] == [7, 8]


@pytest.mark.parametrize("nothing", ["0", "0.00 EUR", "n/a"])
def test_a_sale_price_that_is_none_leaves_the_price(tmp_path: Path, nothing: str) -> None:
    feed = f"id,title,link,image_link,price,sale_price\n1,Tent,a,b,90 EUR,{nothing}\n"
    shop = f"{_WOO}\n1,simple,TENT,Tent,1,visible,,1,,90,{nothing},\n"
    for text in (feed, shop):
        found = read_text(tmp_path, text, "shop.csv")
        assert (found.products[0].price, found.products[0].original_price) == (90, None)
        assert found.account.unread["sale_price"] == 1


def test_rows_of_shopify_without_a_handle_are_no_variants_of_each_other(tmp_path: Path) -> None:
    found = read_text(
        tmp_path, f"{_SHOPIFY}\n,Kite,Color,Red,1,30,TRUE\n,Zed,,,1,30,TRUE\n", "shop.csv", format="shopify"
    )
    assert (found.products, ["no handle" in each.reason for each in found.account.rejections]) == (
        [],
        [True, True],
    )


def test_variable_products_of_one_id_are_all_accounted_for(tmp_path: Path) -> None:
    rows = [f"{product_id},variable,,Tent,1,visible,,1,,90,," for product_id in ("7", "7", "", "")]
    found = _woo(tmp_path, _WOO, *rows)
    assert (found.account.accepted, found.account.rejected, len(found.account.warnings)) == (2, 2, 1)
