"""Whatever a file holds: products, rejections, or an error that names it.

Never a traceback, never a lost row.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from cli.files.detection import FORMATS
from cli.files.naming import KNOWN
from shared.errors import AisleError
from tests.catalog_reading import read_text

_FILES = Path(__file__).parent / "files"
_ODD: some.SearchStrategy[Any] = some.sampled_from(
    [
        float("nan"),
        float("inf"),
        10**400,
        -1,
        0,
        True,
        None,
        "",
        " ",
        "1,299.00",
        "\ud800",
        "0000-00-00",
        [],
        {},
        [[]],
    ]
)
_VALUES = some.recursive(
    _ODD | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _rows(name: str) -> list[dict[str, Any]]:
    text = (_FILES / name).read_text()
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    content = json.loads(text)
    return content if isinstance(content, list) else content.get("products") or content["@graph"]


_OBJECTS = ("acp.jsonl", "algolia.json", "google_retail.jsonl", "schema_org.json", "ucp.json")
_SAMPLES = [row for name in _OBJECTS for row in _rows(name)]


def _damaged(value: Any, at: int, odd: Any) -> Any:
    """The value with one of its parts, however deep, replaced."""
    if isinstance(value, dict) and value:
        name = sorted(value)[at % len(value)]
        return {**value, name: _damaged(value[name], at // len(value), odd)}
    if isinstance(value, list) and value:
        place = at % len(value)
        return [*value[:place], _damaged(value[place], at // len(value), odd), *value[place + 1 :]]
    return odd


_SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_SETTINGS
@given(
    sample=some.sampled_from(_SAMPLES),
    places=some.lists(some.integers(0, 10_000), max_size=3),
    odd=_VALUES,
)
def test_a_row_of_any_dialect_with_odd_values_is_accounted_for(
    tmp_path: Path, sample: dict[str, Any], places: list[int], odd: Any
) -> None:
    row = sample
    for place in places:
        row = _damaged(row, place, odd)
    assert read_text(tmp_path, json.dumps([sample, row])).account.rows == 2


@_SETTINGS
@example(row={"id": float("nan"), "image_link": []}, rest=False)
@given(
    row=some.dictionaries(some.sampled_from(sorted(KNOWN)), _VALUES, max_size=6),
    rest=some.booleans(),
)
def test_known_names_with_odd_values_never_cost_the_product(
    tmp_path: Path, row: dict[str, Any], rest: bool
) -> None:
    content = json.dumps({**row, "product_id": "1", "title": "Pot"})
    assert len(read_text(tmp_path, content, rest_as_attributes=rest).products) == 1


@_SETTINGS
@given(name=some.sampled_from(sorted(each.name for each in _FILES.iterdir())), data=some.data())
def test_a_damaged_file_gives_products_or_an_error_that_names_it(
    tmp_path: Path, name: str, data: Any
) -> None:
    content = bytearray((_FILES / name).read_bytes())
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(0, len(content) - 1))
        content[at : at + data.draw(some.integers(0, 9))] = data.draw(some.binary(max_size=4))
    try:
        read_text(tmp_path, bytes(content), name)
    except AisleError as error:
        assert name in str(error)


@_SETTINGS
@given(content=some.binary(max_size=200), format_=some.sampled_from(["", *FORMATS]))
def test_any_bytes_read_as_any_format_are_refused_or_read(
    tmp_path: Path, content: bytes, format_: str
) -> None:
    try:
        read_text(tmp_path, content, format=format_)
    except AisleError as error:
        assert "catalog.jsonl" in str(error)


@pytest.mark.parametrize("name", ["shopify.csv", "woocommerce.csv", "plain.csv", "merchant.tsv"])
def test_a_table_may_lack_any_of_its_columns(tmp_path: Path, name: str) -> None:
    delimiter = "\t" if name.endswith(".tsv") else ";" if name == "plain.csv" else ","
    rows = list(csv.reader((_FILES / name).read_text().splitlines(), delimiter=delimiter))
    for missing in range(len(rows[0])):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows([row[:missing] + row[missing + 1 :] for row in rows])
        assert read_text(tmp_path, text.getvalue(), name).account.rows == len(rows) - 1


def test_xml_attributes_are_columns_unless_they_say_how_a_feed_is_written(tmp_path: Path) -> None:
    item = (
        '<product id="1" kind="x"><title type="html">Pot</title>'
        '<price currency="EUR">5</price><image url="http://a/b"/>'
        '<link rel="alternate" href="http://a"/><color code="7">red</color></product>'
    )
    found = read_text(tmp_path, f"<products>{item}</products>", "feed.xml")
    pot = found.product("1")
    assert (pot.title, pot.price, pot.currency_code, pot.images) == (
        "Pot",
        5,
        "EUR",
        ("http://a/b",),
    )
    assert (pot.uri, pot.attributes) == ("http://a", {"color": ("red",)})
    assert found.account.unread == {"color.code": 1, "kind": 1}
