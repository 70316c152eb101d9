"""Tables: their rows, cells, quotes and letters."""

from pathlib import Path

import pytest

from tests.catalog_reading import read_text


def test_a_table_that_is_not_utf_8_is_read_as_latin_1_and_says_so_once(tmp_path: Path) -> None:
    content = "id;title;Größe\n1;Käse;S\n2;Müsli;M\n".encode("latin-1")
    found = read_text(tmp_path, content, names={"Größe": "attributes.size"})
    assert [each.title for each in found.products] == ["Käse", "Müsli"]
    assert found.product("1").attributes == {"size": ("S",)}
    assert found.warned() == [("encoding", "read as Latin-1 (Windows-1252)")]


def test_a_row_with_more_cells_than_names_is_not_read_shifted(tmp_path: Path) -> None:
    found = read_text(tmp_path, "id,title,price\n1,Pot, large,5\n2,Pan,6\n")
    assert [each.product_id for each in found.products] == ["2"]
    assert "4 cells under 3 names" in found.account.rejections[0].reason


def test_a_table_may_hold_json_and_lists_in_its_cells(tmp_path: Path) -> None:
    row = '1,Pot,"{""color"": ""red""}",https://x/1.jpg|https://x/2.jpg,"a, b"'
    product = read_text(tmp_path, f"id,title,attributes,images,tags\n{row}\n").products[0]
    assert product.attributes == {"color": ("red",)}
    assert product.images == ("https://x/1.jpg", "https://x/2.jpg")
    assert product.tags == ("a", "b")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("broken", ['1,"Cup,3', '1,"Cup,3\n2,"Mug",4', '1,"Cup\n2,Mug",3,4'])
def test_a_quote_that_does_not_end_costs_its_own_row(
    tmp_path: Path,
    broken: str,
    encoding: str,
) -> None:
    text = f"id,title,price\n{broken}\n3,Pot,5\n4,Pan,6"
    found = read_text(tmp_path, text.encode(encoding), "catalog.csv")
    assert [each.product_id for each in found.products][-2:] == ["3", "4"]
    assert found.account.rows == broken.count("\n") + 3
    assert [each.line for each in found.account.rejections if "quote that does not end" in each.reason] == [2]


def test_a_table_cut_short_within_quotes_says_so(tmp_path: Path) -> None:
    found = read_text(tmp_path, 'id,title\n1,Cup\n2,"Mu', "catalog.csv")
    assert [(each.line, each.field) for each in found.account.rejections] == [(3, "line")]


def test_quotes_within_quotes_are_read_where_every_cell_is_there(tmp_path: Path) -> None:
    text = 'id,title,price\n1,"Monitor 24" wide",3\n2,"He said "hi" to\nme",4\n3,"Two ""large""\npots",5\n'
    found = read_text(tmp_path, text, "catalog.csv")
    assert [found.product(each).price for each in ("1", "3")] == [3, 5]
    assert [each.line for each in found.account.rejections] == [3]


def test_a_column_without_a_name_is_counted_by_its_place(tmp_path: Path) -> None:
    found = read_text(tmp_path, "id,title,,price\n1,Cup,red,3\n2,Pan,,4\n", "catalog.csv")
    assert found.account.unread == {"column 3": 1}


def test_letters_of_an_old_spreadsheet_are_read(tmp_path: Path) -> None:
    found = read_text(tmp_path, "id,title\r1,Käse\r2,Pan".encode("latin-1"), "catalog.csv")
    assert [each.title for each in found.products] == ["Käse", "Pan"]
    assert found.warned() == [("encoding", "read as Latin-1 (Windows-1252)")]
