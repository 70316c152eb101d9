import gzip
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cli.files.account import Account, RowRejection
from cli.files.options import ReadOptions
from cli.files.reading import read_products
from shared.catalog.product import Product
from shared.errors import Corrupt, NotFound
from shared.json_lines import LINE_BYTES
from tests.catalog_reading import Outcome, outcomes_of


def _read(folder: Path, *lines: bytes | dict[str, Any]) -> list[Outcome]:
    path = folder / "catalog.jsonl"
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    return outcomes_of(path, ReadOptions(strict=True))


def _only(folder: Path, **fields: Any) -> Outcome:
    return _read(folder, {"product_id": "p1", "title": "Kettle", **fields})[0]


def _product(folder: Path, **fields: Any) -> Product:
    outcome = _only(folder, **fields)
    assert isinstance(outcome, Product), outcome
    return outcome


def _rejection(folder: Path, **fields: Any) -> RowRejection:
    outcome = _only(folder, **fields)
    assert isinstance(outcome, RowRejection), outcome
    return outcome


def test_long_names_are_read_with_their_nested_parts(tmp_path: Path) -> None:
    product = _product(
        tmp_path,
        type="variant",
        primary_product_id="p0",
        brands=["Kesselhaus"],
        categories=["Home > Kitchen > Kettles"],
        price={"amount": 39.5, "original_amount": 49, "currency_code": "EUR"},
        availability="OUT_OF_STOCK",
        available_quantity=0,
        rating={"average": 4.5, "count": 12},
        attributes={"color": ["blue", "red"], "litres": 1.7, "wireless": True, "empty": None},
        publish_time="2026-01-02T03:04:05Z",
    )
    assert (product.type, product.primary_product_id, product.brands) == (
        "variant",
        "p0",
        ("Kesselhaus",),
    )
    assert (product.price, product.original_price, product.currency_code) == (39.5, 49.0, "EUR")
    assert (product.availability, product.available_quantity) == ("out_of_stock", 0)
    assert (product.rating_average, product.rating_count) == (4.5, 12)
    assert product.attributes == {"color": ("blue", "red"), "litres": (1.7,), "wireless": ("yes",)}
    assert product.publish_time == 1767323045.0


def test_short_forms_are_read_too(tmp_path: Path) -> None:
    short = {
        "id": 17,
        "title": "Kettle",
        "brand": "Kesselhaus",
        "category": "Kettles",
        "price": "39.50",
    }
    [product] = _read(
        tmp_path,
        {**short, "currency": "EUR", "image_url": "https://x/1.jpg", "released": "2026-01-02"},
    )
    assert product == Product(
        "17",
        "Kettle",
        brands=("Kesselhaus",),
        categories=("Kettles",),
        price=39.5,
        currency_code="EUR",
        images=("https://x/1.jpg",),
        publish_time=1767312000.0,
    )


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("product_id", {"product_id": None}),
        ("product_id", {"product_id": "   "}),
        ("product_id", {"product_id": "a\u0007b"}),
        ("product_id", {"product_id": "é" * 65}),
        ("product_id", {"product_id": "\ud800"}),
        ("primary_product_id", {"type": "variant"}),
        ("type", {"type": "bundle"}),
        ("title", {"title": None}),
        ("title", {"title": " \t "}),
        ("title", {"title": "x" * 1_001}),
        ("title", {"title": "\udc00 kettle"}),
        ("title", {"title": ["Kettle"]}),
        ("description", {"description": "x" * 20_001}),
        ("price.amount", {"price": float("nan")}),
        ("price.amount", {"price": float("inf")}),
        ("price.amount", {"price": -1}),
        ("price.amount", {"price": "cheap"}),
        ("price.amount", {"price": {"amount": 10**400}}),
        ("price.original_amount", {"price": {"amount": 1, "original_amount": -0.5}}),
        ("price.currency_code", {"price": {"amount": 1, "currency_code": "euro"}}),
        ("rating.average", {"rating": 5.1}),
        ("rating.count", {"rating": {"average": 4, "count": 1.5}}),
        ("available_quantity", {"available_quantity": -3}),
        ("available_quantity", {"available_quantity": float("nan")}),
        ("gtin", {"gtin": "123"}),
        ("gtin", {"gtin": "١٢٣٤٥٦٧٨"}),
        ("publish_time", {"publish_time": "last spring"}),
        ("expire_time", {"expire_time": 1e18}),
        ("expire_time", {"expire_time": 10**400}),
        ("available_time", {"available_time": float("nan")}),
        ("attributes", {"attributes": ["color"]}),
        ("attributes.size", {"attributes": {"size": [10**400]}}),
        ("attributes.size", {"attributes": {"size": [float("nan")]}}),
        ("attributes.size", {"attributes": {"size": [{"value": 1}]}}),
        ("attributes.size", {"attributes": {"size": ["x" * 20_001]}}),
        ("attributes.size", {"attributes": {"size": ["\ud800"]}}),
        (r"attributes.a\nb", {"attributes": {"a\nb": "x"}}),
        (r"attributes.a\ud800", {"attributes": {"a\ud800": "x"}}),
        ("attributes.size", {"attributes": {"size": {"main": "L"}}}),
        ("product_id", {"product_id": "a\u0085b"}),
        ("price.amount", {"price": 1e308}),
        ("available_quantity", {"available_quantity": 1e300}),
        ("categories", {"categories": [" > ".join("abcdefghijklmnopqrstu")]}),
        ("brands", {"brands": ["x"] * 101}),
        ("images", {"images": [{"url": "x"}]}),
    ],
)
def test_a_row_at_fault_names_the_field_and_the_remedy(
    tmp_path: Path, field: str, fields: dict[str, Any]
) -> None:
    rejection = _rejection(tmp_path, **fields)
    assert (rejection.line, rejection.field) == (1, field)
    assert 10 < len(rejection.reason) < 200
    assert f"{rejection.product_id}{rejection.field}{rejection.reason}".isprintable()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"product_id": "p1", "title": "caf\xe9"}', "not UTF-8"),
        (b'{"product_id": "p1",', "not JSON"),
        (b'["p1", "Kettle"]', "no JSON object"),
        (b"null", "no JSON object"),
        (b"[" * 100_000, "JSON"),
        (b'{"product_id": ' + b"9" * 5_000 + b"}", "thousands of digits"),
        (b'"' + b"x" * (LINE_BYTES + 9) + b'"', "longer than"),
    ],
)
def test_a_line_that_is_no_object_does_not_stop_the_rest(
    tmp_path: Path,
    line: bytes,
    reason: str,
) -> None:
    before, rejection, after = _read(
        tmp_path, {"id": "p0", "title": "Pot"}, line, {"id": "p2", "title": "Pan"}
    )
    assert isinstance(before, Product)
    assert isinstance(after, Product)
    assert isinstance(rejection, RowRejection)
    assert (rejection.line, rejection.field) == (2, "line")
    assert reason in rejection.reason


def test_json_at_the_edge_of_what_can_be_read_does_not_stop_the_rest(tmp_path: Path) -> None:
    limit = sys.getrecursionlimit()
    deep = [
        b'{"id": "p", "title": ' + b"[" * depth + b"]" * depth + b"}"
        for depth in range(limit - 200, limit + 9)
    ]
    *rejections, after = _read(tmp_path, *deep, {"id": "p1", "title": "Pot"})
    assert isinstance(after, Product)
    assert {each.field for each in rejections if isinstance(each, RowRejection)} == {
        "line",
        "title",
    }


def test_blank_lines_count_as_lines_but_are_no_rows(tmp_path: Path) -> None:
    [rejection] = _read(tmp_path, b"", b"  ", {"title": "no id"})
    assert isinstance(rejection, RowRejection)
    assert rejection.line == 3


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    [product] = _read(tmp_path, b'\xef\xbb\xbf{"id": "p1", "title": "Kettle"}')
    assert isinstance(product, Product)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[pack(b'{"id": "p1", "title": "Kettle"}\r\n')])
    writer.start()
    outcomes = outcomes_of(path)
    writer.join()
    assert outcomes == [Product("p1", "Kettle")]


def test_gzip_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"  # without .gz
    path.write_bytes(gzip.compress(b'{"id": "p1", "title": "Kettle"}\n'))
    read: list[int] = []
    [product] = read_products(path, ReadOptions(), Account(), progress=read.append)
    assert product == Product("p1", "Kettle")
    assert read == [path.stat().st_size]


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:-9] + b"\0" + data[-8:]])
def test_a_damaged_gzip_file_is_named_with_the_remedy(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "catalog.jsonl.gz"
    rows = b"".join(b'{"id": "p%d", "title": "Kettle %d"}\n' % (n, n * 7919) for n in range(500))
    path.write_bytes(damage(gzip.compress(rows)))
    with pytest.raises(Corrupt, match=r"catalog\.jsonl\.gz: .*copy it again"):
        outcomes_of(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"missing\.jsonl"):
        outcomes_of(tmp_path / "missing.jsonl")
