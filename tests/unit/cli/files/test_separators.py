"""Prices that could be thousands, by what else the file writes."""

from pathlib import Path

import pytest

from tests.catalog_reading import read_text

_DOUBTFUL = "id;title;price\n1;Pot;1.299\n2;Pan;1.500 EUR\n"


@pytest.mark.parametrize("comma", ["19,99", "1.089,90", "19,99 \u20ac"])
def test_a_dot_that_could_be_of_thousands_is_told_where_other_prices_have_a_decimal_comma(
    tmp_path: Path, comma: str
) -> None:
    found = read_text(tmp_path, f"{_DOUBTFUL}3;Cup;{comma}\n", "shop.csv")
    warning = found.account.warnings[0]
    assert [each.price for each in found.products][:2] == [1.299, 1.5]
    assert (warning.line, warning.field, warning.action) == (2, "price", "read as 1.299")
    assert warning.reason.startswith(f"'1.299' (of 2 such prices) could be thousands, as {comma!r} has")


@pytest.mark.parametrize("row", ["3;Cup;19.99", "3;Cup;1,299.00", "3;Cup;1,299"])
def test_a_dot_is_a_decimal_point_where_nothing_says_otherwise(tmp_path: Path, row: str) -> None:
    found = read_text(tmp_path, f"{_DOUBTFUL}{row}\n", "shop.csv")
    assert all("thousands" not in each.reason or each.line == 4 for each in found.account.warnings)
    plain = read_text(tmp_path, "id;title;price\n1;Pot;0.299\n2;Pan;12.5\n3;Cup;19,99\n", "shop.csv")
    assert [each.line for each in plain.account.warnings] == [4]


def test_what_concerns_the_file_is_listed_before_what_concerns_a_row(tmp_path: Path) -> None:
    rows = "".join(f"{at};Cup;19,99\n" for at in range(3, 1_100))
    account = read_text(tmp_path, _DOUBTFUL + rows, "shop.csv").account
    assert (account.warned, len(account.warnings), account.warnings[0].field) == (
        1_099,
        1_000,
        "price",
    )
