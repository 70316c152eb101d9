"""Columns under other names: read where the name is known, counted where it is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.files.catalog_file import CatalogFile
from cli.files.options import ReadOptions
from shared.errors import InvalidRequest
from tests.catalog_reading import read_text


def test_columns_that_nothing_reads_are_counted_with_the_nearest_known_name(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text(
        '{"id": "1", "title": "Pot", "colour": "red", "zz": 0}\n'
        '{"id": "2", "title": "Pan", "colour": "blue"}\n'
    )
    file = CatalogFile(path)
    assert len(list(file.products())) == 2
    assert file.report()["unread"] == [
        {"name": "colour", "count": 2, "nearest": "color"},
        {"name": "zz", "count": 1, "nearest": ""},
    ]


def test_an_empty_value_is_nothing_that_was_not_read(tmp_path: Path) -> None:
    content = '{"id": "1", "title": "Pot", "colour": "", "zz": null, "yy": []}'
    assert read_text(tmp_path, content).account.unread == {}


def test_the_rest_becomes_attributes_when_told_so(tmp_path: Path) -> None:
    content = (
        '{"id": "1", "title": "Pot", "colour": "red", "box": {"width": '
        '3}, "attributes": {"k": "v"}, "ok": true}'
    )
    found = read_text(tmp_path, content, rest_as_attributes=True)
    assert found.products[0].attributes == {
        "k": ("v",),
        "colour": ("red",),
        "box.width": (3.0,),
        "ok": ("yes",),
    }
    assert found.account.unread == {}


def test_well_known_properties_are_attributes_without_being_told(tmp_path: Path) -> None:
    found = read_text(
        tmp_path,
        '{"id": "1", "title": "Shirt", "color": "turquoise", "material": "merino", "size": ["M", "L"]}',
    )
    assert found.products[0].attributes == {
        "color": ("turquoise",),
        "material": ("merino",),
        "size": ("M", "L"),
    }


@pytest.mark.parametrize(
    ("columns", "field", "value"),
    [
        ('"name": "Pan"', "title", "Pan"),
        ('"productId": "9", "title": "Pan"', "product_id", "9"),
        ('"title": "Pan", "currentPrice": 5', "price", 5.0),
        ('"title": "Pan", "price": 9, "salePrice": 5', "price", 5.0),
        ('"title": "Pan", "price": 9, "salePrice": 5', "original_price", 9.0),
        ('"title": "Pan", "price": {"amount": 9}, "list_price": 12', "original_price", 12.0),
        ('"title": "Pan", "stock": 0', "availability", "out_of_stock"),
        ('"title": "Pan", "stock": "Out of Stock"', "availability", "out_of_stock"),
        ('"title": "Pan", "stock": true', "availability", "in_stock"),
        ('"title": "Pan", "in_stock": false', "availability", "out_of_stock"),
        (
            '"title": "Pan", "availability": "in stock", "availabilityStatus": "Out of Stock"',
            "availability",
            "out_of_stock",
        ),
        ('"title": "Pan", "Inventory Quantity": "3"', "available_quantity", 3),
        ('"title": "Pan", "average_rating": 4.5, "review_count": 7', "rating_count", 7),
        ('"title": "Pan", "EAN": "4006381333931"', "gtin", "4006381333931"),
        ('"title": "Pan", "product-url": "https://x"', "uri", "https://x"),
        ('"title": "Pan", "imageURL": "https://x/1"', "images", ("https://x/1",)),
        ('"title": "Pan", "image_link": "a", "additional_image_link": ["b"]', "images", ("a", "b")),
        ('"title": "Pan", "created_at": "2026-01-02"', "publish_time", 1767312000.0),
    ],
)
def test_other_spellings_of_a_field_are_read(
    tmp_path: Path,
    columns: str,
    field: str,
    value: object,
) -> None:
    own_id = "" if "productId" in columns else '"id": "1", '
    found = read_text(tmp_path, "{" + own_id + columns + "}")
    assert getattr(found.products[0], field) == value
    assert found.account.unread == {}


def test_our_own_name_wins_over_another_spelling_which_is_then_counted(tmp_path: Path) -> None:
    found = read_text(tmp_path, '{"item_id": "2", "name": "Pan", "title": "Pot", "id": "1"}')
    assert (found.products[0].product_id, found.products[0].title) == ("1", "Pot")
    assert found.account.unread == {"item_id": 1, "name": 1}


def test_map_names_a_column_and_hides_others_of_that_name(tmp_path: Path) -> None:
    content = "Artikel,title,Langname,Farbe\n1,short,A Long Name,red\n"
    names = {"Artikel": "product_id", "Langname": "title", "Farbe": "attributes.color"}
    found = read_text(tmp_path, content, names=names)
    assert (found.products[0].product_id, found.products[0].title) == ("1", "A Long Name")
    assert found.products[0].attributes == {"color": ("red",)}


@pytest.mark.parametrize("pair", ["title", "=title", "x=", "x=colour", "x=attributes."])
def test_a_map_that_leads_nowhere_is_refused(pair: str) -> None:
    with pytest.raises(InvalidRequest, match="--map"):
        ReadOptions.parsed("", [pair], "", False)


def test_attributes_takes_the_rest_or_nothing() -> None:
    assert ReadOptions.parsed("", None, "rest", False).rest_as_attributes
    with pytest.raises(InvalidRequest, match="--attributes"):
        ReadOptions.parsed("", None, "all", False)


def test_rows_of_one_id_are_reported(tmp_path: Path) -> None:
    found = read_text(
        tmp_path,
        '{"id": "1", "title": "Pot"}\n{"id": "2", "title": "Pan"}\n{"id": "1", "title": "New Pot"}\n',
    )
    assert [(each.line, each.product_id, each.field) for each in found.account.warnings] == [
        (3, "1", "product_id")
    ]


def test_thousands_of_column_names_are_counted_within_bounds(tmp_path: Path) -> None:
    rows = [{"id": str(at), "title": "Pot", f"column_{at}": at + 1} for at in range(1_500)]
    found = read_text(tmp_path, "\n".join(json.dumps(row) for row in rows))
    assert len(found.account.unread) == 1_000
    assert found.account.unread_more == 500


def test_a_file_without_a_product_names_what_it_was_read_as_and_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text("Artikel,Name\n1,Pot\n")
    with pytest.raises(InvalidRequest, match=r"read as CSV.*product_id.*'Artikel'.*--map"):
        list(CatalogFile(path).products())


def test_an_empty_long_name_leaves_the_field_to_its_short_name(tmp_path: Path) -> None:
    rows: tuple[dict[str, Any], ...] = (
        {
            "product_id": None,
            "id": "1",
            "title": "Pot",
            "brands": None,
            "brand": "Acme",
            "categories": [],
            "category": "A",
        },
        {
            "product_id": "",
            "id": 2,
            "title": "Pan",
            "price": {"amount": 5, "currency_code": None},
            "currency": "EUR",
        },
        {
            "id": 3,
            "title": "Lid",
            "price": {"amount": "5 EUR", "original_amount": ""},
            "original_price": 7,
            "zz": 1,
        },
    )
    found = read_text(tmp_path, "\n".join(map(json.dumps, rows)))
    assert (found.product("1").brands, found.product("1").categories) == (("Acme",), ("A",))
    assert found.product("2").currency_code == "EUR"
    assert (found.product("3").original_price, found.product("3").currency_code) == (7, "EUR")


def test_a_short_name_beside_its_long_one_is_counted_as_not_read(tmp_path: Path) -> None:
    content = '{"id": "1", "title": "Pot", "categories": ["A > B"], "category": "C"}'
    found = read_text(tmp_path, content)
    assert (found.products[0].categories, found.account.unread) == (("A > B",), {"category": 1})


@pytest.mark.parametrize("nothing", ["n/a", "-", 0, "0.00", "0,00 EUR", -1, True, float("nan")])
def test_a_sale_price_that_is_none_leaves_the_price_and_is_counted(tmp_path: Path, nothing: Any) -> None:
    row = {"id": "1", "title": "Pot", "price": 20, "sale_price": nothing}
    found = read_text(tmp_path, json.dumps(row))
    assert (found.products[0].price, found.products[0].original_price) == (20, None)
    assert found.account.unread == {"sale_price": 1}


@pytest.mark.parametrize("listed", ["attributes", "specifications"])
@pytest.mark.parametrize("first", [True, False])
def test_a_property_beside_a_list_of_attributes_is_read(
    tmp_path: Path,
    listed: str,
    first: bool,
) -> None:
    columns = [("color", "red"), (listed, [{"name": "Size", "value": "M"}])]
    row = {"id": "1", "title": "Pot", **dict(columns if first else reversed(columns))}
    found = read_text(tmp_path, json.dumps(row))
    assert found.products[0].attributes == {"Size": ("M",), "color": ("red",)}
    assert found.account.unread == {}


def test_a_property_beside_attributes_that_are_none_is_counted(tmp_path: Path) -> None:
    found = read_text(tmp_path, '{"id": "1", "title": "Pot", "attributes": "none", "color": "red"}')
    assert (found.account.unread, found.warned()) == ({"color": 1}, [("attributes", "left out")])


def test_a_mapped_column_that_no_row_has_is_told(tmp_path: Path) -> None:
    found = read_text(tmp_path, "id,title,Farbe\n1,Pot,rot\n", "a.csv", names={"Fabre": "attributes.color"})
    assert found.warned() == [("--map", "not used")]
    assert "'Fabre'" in found.account.warnings[0].reason


def test_what_a_mapped_column_hides_is_counted(tmp_path: Path) -> None:
    rows = "product_id,sku,a,b\n1,x,Pot,Pan\n2,y,,Lid\n"
    found = read_text(tmp_path, rows, "a.csv", names={"sku": "product_id", "a": "title", "b": "title"})
    assert [(each.product_id, each.title) for each in found.products] == [
        ("x", "Pot"),
        ("y", "Lid"),
    ]
    assert found.account.unread == {"product_id": 2, "b": 1}
