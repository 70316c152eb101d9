"""WooCommerce's variations that stand before their parent."""

from pathlib import Path

import pytest

from cli.files.dialects import woocommerce
from tests.catalog_reading import Read, read_text

_HEADER = "ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price,Parent"


def _read(folder: Path, *rows: str) -> Read:
    return read_text(folder, "\n".join((_HEADER, *rows)), "woo.csv")


def test_variations_before_a_product_that_is_left_out_are_left_out(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "8,variation,TENT-S,Tent - Small,1,visible,1,90,id:7",
        "9,variation,TENT-L,Tent - Large,1,visible,1,120,TENT",
        "7,variable,TENT,Tent,0,visible,1,,",
        "12,variation,POT-S,Pot - Small,1,visible,1,9,id:99",
    )
    assert [each.product_id for each in found.products] == ["12"]
    left_out = [(each.line, each.field) for each in found.account.rejections]
    assert left_out == [(4, "Published"), (2, "Parent"), (3, "Parent")]


def test_variations_before_another_product_are_its_variants(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "10,variation,PEG-S,Peg - Small,1,visible,1,2,PEG",
        "11,variable,PEG,Peg,1,visible,1,,",
    )
    assert {each.product_id: each.price for each in found.products} == {"10": 2, "11": 2}
    assert found.product("10").primary_product_id == "11"


def test_those_that_have_waited_longest_are_read_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(woocommerce, "_MOST_EARLY", 2)
    rows = [f"{at},variation,,Tent,1,visible,1,90,id:{at % 2}" for at in range(10, 15)]
    found = _read(tmp_path, *rows, "1,variable,,Tent,0,visible,1,,", "0,variable,,Kite,0,visible,1,,")
    assert [each.product_id for each in found.products] == ["10", "12", "11", "13"]
    assert [each.product_id for each in found.account.rejections] == ["1", "0", "14"]
