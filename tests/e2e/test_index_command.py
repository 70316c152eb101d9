import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from shared.artifacts import current


def test_bad_rows_are_reported_with_line_and_reason_and_do_not_stop_the_rest(
    aisle: Any, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    good, other = rows[:2]
    lines = [
        json.dumps(good).encode(),
        b"{",
        json.dumps({**other, "title": ""}).encode(),
        json.dumps({**other, "price": {"amount": float("nan")}}).encode(),
        b'{"product_id": "caf\xe9", "title": "x"}',
        json.dumps({**good, "title": "the same id again"}).encode(),
        json.dumps(other).encode(),
    ]
    path = tmp_path / "catalog.jsonl"
    path.write_bytes(b"\n".join(lines))
    finished = aisle("index", path, "--data", tmp_path / "data", "--json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 0, finished.stderr
    assert _places(report["rejections"]) == [(2, "line"), (3, "title"), (5, "line")]
    assert _places(report["warnings"]) == [(4, "price.amount"), (6, "product_id"), (7, "product_id")]
    assert _counts(report) == {"rows": 7, "rejected": 3, "replaced": 2, "products": 2}

    finished = aisle("index", path, "--data", tmp_path / "strict", "--json", "--strict")
    report = json.loads(finished.stdout)
    assert finished.returncode == 3, finished.stderr
    assert _places(report["rejections"]) == [(2, "line"), (3, "title"), (4, "price.amount"), (5, "line")]
    assert _counts(report) == {"rows": 7, "rejected": 4, "replaced": 1, "products": 2}


def test_variants_without_a_primary_product_are_counted(aisle: Any, tmp_path: Path) -> None:
    rows = [
        {"id": "shirt", "title": "Shirt"},
        {"id": "shirt-s", "title": "Shirt, S", "type": "variant", "primary_product_id": "shirt"},
        {"id": "coat-s", "title": "Coat, S", "type": "variant", "primary_product_id": "coat"},
    ]
    path = tmp_path / "catalog.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = aisle("index", path, "--data", tmp_path / "data")
    assert "1 variant names a primary product that is not in the catalogue" in first.stdout
    path.write_text(json.dumps({"id": "coat", "title": "Coat"}) + "\n")
    second = aisle("index", path, "--data", tmp_path / "data", "--json")
    assert json.loads(second.stdout)["without_primary"] == 0


def _counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name] for name in ("rows", "rejected", "replaced", "products")}


def _places(found: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(each["line"], each["field"]) for each in found]


def test_an_export_is_read_and_said_so_with_what_was_not_read(
    aisle: Any, own_engine: str, tmp_path: Path
) -> None:
    path = tmp_path / "products_export.csv"
    path.write_text(
        'Handle,Title,Variant Price,Option1 Name,Cost per item\ntide-jug,Tide Jug,"19,50",Title,4\n'
    )
    indexed = aisle("index", path, "--data", tmp_path / "data")
    assert indexed.returncode == 0, indexed.stderr
    assert "read as Shopify's product CSV" in indexed.stderr
    assert "line 2: warning: price.amount: is '19,50': read as 19.5" in indexed.stderr
    assert "not read: Cost per item 1;" in indexed.stderr
    assert indexed.stdout.startswith("1 rows read, 0 rejected, 1 warnings; 1 products")
    piped = aisle("load", "/dev/stdin", "--address", own_engine)
    assert (piped.returncode, "write a pipe to a file first" in piped.stderr) == (1, True)
    loaded = aisle("load", path, "--address", own_engine, "--json", "--map", "Cost per item=attributes.cost")
    assert (report := json.loads(loaded.stdout))["accepted"] == 1, loaded.stderr
    assert (report["unread"], report["warned"], report["format"]) == (
        [],
        1,
        "Shopify's product CSV, CSV (comma, UTF-8)",
    )
    got = aisle("get", "tide-jug", "--address", own_engine, "--json")
    shown = json.loads(got.stdout)["products"][0]
    assert (shown["price"]["amount"], shown["attributes"]) == (19.5, {"cost": ["4"]})


def test_a_truncated_file_leaves_the_snapshot_as_it_was(
    aisle: Any, catalog: Path, indexed: Path, tmp_path: Path
) -> None:
    before = current(indexed / "snapshots")
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(catalog.read_bytes())[:-2000])
    finished = aisle("index", path, "--data", indexed)
    assert finished.returncode == 1
    assert "cut.jsonl.gz" in finished.stderr and "cut short" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert current(indexed / "snapshots") == before


@pytest.mark.parametrize("content", [b"", b"\n\n", b"not json\n"])
def test_a_file_without_a_product_is_refused(aisle: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_bytes(content)
    finished = aisle("index", path, "--data", tmp_path / "data")
    assert finished.returncode == 1
    assert len(finished.stderr.strip().splitlines()) == 1
    assert current(tmp_path / "data" / "snapshots") is None
