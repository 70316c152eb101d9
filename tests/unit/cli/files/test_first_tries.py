"""What people give `aisle index` first, and how it is read or what is said of it."""

import json
from pathlib import Path

import pytest

from cli.files.catalog_file import CatalogFile
from shared.errors import AisleError, InvalidRequest
from tests.catalog_reading import read_text


@pytest.mark.parametrize("said", ["sep=;", "SEP=;;;", '"sep=;"', "\nsep=;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_first_line_that_says_the_delimiter_is_heeded(
    tmp_path: Path,
    said: str,
    encoding: str,
) -> None:
    text = f"{said}\r\nid;title;description\r\n1;Pot;red, large, round, flat\r\n2;\r\n"
    found = read_text(tmp_path, text.encode(encoding), "shop.csv")
    assert (found.product("1").title, found.product("1").description) == (
        "Pot",
        "red, large, round, flat",
    )
    assert [each.line for each in found.account.rejections] == [text.count("\n")]


def test_a_tab_may_be_said(tmp_path: Path) -> None:
    found = read_text(tmp_path, "sep=\t\nid\ttitle\n1\tPot, large\n", "shop.csv")
    assert [each.title for each in found.products] == ["Pot, large"]


def test_a_table_without_rows_is_not_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,title,price\n")
    with pytest.raises(InvalidRequest, match="has a header and no rows; nothing was changed"):
        list(CatalogFile(path).products())


def test_a_folder_is_called_a_folder(tmp_path: Path) -> None:
    with pytest.raises(AisleError, match="is a folder; name a file in it"):
        list(CatalogFile(tmp_path).products())


def test_a_dash_says_where_standard_input_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AisleError, match="standard input is /dev/stdin"):
        list(CatalogFile(Path("-")).products())


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_of_products_that_lies_deeper_is_named_with_the_remedy(
    tmp_path: Path, indent: int | None
) -> None:
    answer = {"data": {"page": {"n": 1}, "products": [{"id": "1", "title": "Pot"}]}}
    for content, path in ((answer, ".data.products"), ({"body": answer}, ".body.data.products")):
        [rejection] = read_text(tmp_path, json.dumps(content, indent=indent)).account.rejections
        assert f"(jq {path})" in rejection.reason
