"""Numbers of more digits than Python reads cost their own row."""

import json
from pathlib import Path

import pytest

from tests.catalog_reading import read_text

_ROWS = [json.dumps({"id": str(at), "title": "Pot", "price": 5}) for at in range(3)]
_ROWS[1] = _ROWS[1].replace("5", "5" * 5_000)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(_ROWS),
        f"[{', '.join(_ROWS)}]",
        f'{{"total": {"5" * 5_000}, "products": [{", ".join(_ROWS)}]}}',
        "\n".join(each.replace("{", "{\n") for each in _ROWS),
    ],
)
def test_a_number_of_thousands_of_digits_costs_its_own_row(tmp_path: Path, text: str) -> None:
    found = read_text(tmp_path, text)
    assert [each.product_id for each in found.products] == ["0", "2"]
    assert ["thousands of digits; correct it" in each.reason for each in found.account.rejections] == [True]


def test_a_long_number_that_comes_in_parts_is_one(tmp_path: Path) -> None:
    found = read_text(tmp_path, f'[{"7" * 400_000}, {{"id": "1", "title": "Pot"}}]')
    assert [each.product_id for each in found.products] == ["1"]
    assert [each.line for each in found.account.rejections] == [1]
