from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.catalog.product import Product
from shared.snapshot.catalog_columns import Entries
from shared.snapshot.columns import Columns, ColumnsWriter, paths

PRODUCTS = [
    Product("a", "Kettle", brands=("Hob",), categories=("Home > Kitchen > Kettles",), price=19.99,
            attributes={"color": ("Blue", "blue"), "litres": (1.5, 2.0)}),
    Product("b", "Lamp", brands=("Lux", "hob"), categories=("Home > Lights", "Home > Kitchen"),
            tags=("new\nline",)),
    Product("c", "Thing", attributes={"color": ("Red",), "litres": ("many",)},
            rating_average=4.3, rating_count=7),
]  # fmt: skip


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    writer = ColumnsWriter(tmp_path)
    writer.add(PRODUCTS[:1])
    writer.add(PRODUCTS[1:])
    writer.finish()
    return Columns.open(tmp_path)


def entries_of(columns: Columns, field: str) -> Entries:
    entries = columns.text(field) or columns.sparse(field)
    assert entries
    return entries


def dense_of(columns: Columns, name: str) -> NDArray[np.float64]:
    dense = columns.dense(name)
    assert dense is not None
    return dense


def values_by_row(columns: Columns, field: str) -> list[tuple[int, str]]:
    entries = entries_of(columns, field)
    return [(int(row), columns.values[code]) for row, code in zip(entries.rows, entries.values, strict=True)]


def test_a_number_is_exact_and_a_missing_one_is_nan(columns: Columns) -> None:
    assert dense_of(columns, "price")[0] == 19.99
    assert np.isnan(dense_of(columns, "price")[1:]).all()
    assert dense_of(columns, "rating_count").tolist() == [0, 0, 7]


def test_texts_come_back_by_row_as_they_were_in_the_catalogue(columns: Columns) -> None:
    assert values_by_row(columns, "brands") == [(0, "Hob"), (1, "Lux"), (1, "hob")]
    assert values_by_row(columns, "tags") == [(1, "new\nline")]


def test_a_category_is_there_with_everything_above_it_once(columns: Columns) -> None:
    assert paths("A>B > C") == ["A", "A > B", "A > B > C"]
    of_lamp = [value for row, value in values_by_row(columns, "categories") if row == 1]
    assert of_lamp == ["Home", "Home > Lights", "Home > Kitchen"]


def test_an_attribute_may_hold_texts_in_one_product_and_numbers_in_another(
    columns: Columns,
) -> None:
    assert values_by_row(columns, "attributes.litres") == [(2, "many")]
    numbers = columns.sparse("attributes.litres")
    assert numbers and numbers.values.tolist() == [1.5, 2.0]


def test_the_codes_of_a_text_ignore_case(columns: Columns) -> None:
    assert {columns.values[code] for code in columns.values.codes("BLUE")} == {"Blue", "blue"}
    assert not columns.values.codes("green")


def test_every_text_has_a_code_of_its_own_and_others_have_none(columns: Columns) -> None:
    texts = [columns.values[code] for code in range(len(columns.values))]
    assert {"Hob", "hob", "Blue", "blue", "new\nline"} <= set(texts)
    assert [columns.values.code(text) for text in texts] == list(range(len(texts)))
    assert [columns.values.code(text) for text in ("HOB", "bLUE", "", "zz", "new")] == [None] * 5


def test_an_empty_catalogue_has_columns_without_rows(tmp_path: Path) -> None:
    ColumnsWriter(tmp_path).finish()
    columns = Columns.open(tmp_path)
    assert columns.row_count == 0 and len(columns.values) == 0
    assert columns.text("brands") is None and len(dense_of(columns, "price")) == 0


def test_a_snapshot_that_is_older_than_a_column_has_no_numbers_in_it(tmp_path: Path) -> None:
    writer = ColumnsWriter(tmp_path)
    writer.add([Product("p1", "Kettle", price=10.0), Product("p2", "Mug")])
    writer.finish()
    (tmp_path / "numbers" / "price.f64").unlink()
    assert np.isnan(dense_of(Columns.open(tmp_path), "price")).all()
    assert dense_of(Columns.open(tmp_path), "rating_count").tolist() == [0, 0]
