"""`aisle get`, `delete`, `export` and `status`, over a real engine."""

import gzip
import json
from pathlib import Path
from typing import Any


def test_products_are_shown_and_removed(
    aisle: Any,
    own_engine: str,
    rows: list[dict[str, Any]],
) -> None:
    first, second = (str(row["product_id"]) for row in rows[:2])
    told = aisle("get", first, "--address", own_engine)
    assert told.returncode == 0, told.stderr
    assert str(rows[0]["title"]) in " ".join(told.stdout.split())
    found = json.loads(aisle("get", first, "--address", own_engine, "--json").stdout)
    assert found["products"][0]["title"] == rows[0]["title"] and found["missing"] == []
    removed = aisle("delete", first, second, "no-such", "--address", own_engine, "--json")
    report = json.loads(removed.stdout)
    assert (report["removed"], report["missing"]) == (2, ["no-such"])
    gone = aisle("get", first, second, "--address", own_engine)
    assert gone.returncode == 1
    assert f"{first}: there is no such product" in gone.stderr


def test_an_export_is_indexed_as_the_same_catalogue(
    aisle: Any, own_data: Path, own_engine: str, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    first, second = (str(row["product_id"]) for row in rows[:2])
    changed = tmp_path / "changed.jsonl"
    changed.write_text(json.dumps({**rows[1], "title": "Another title"}) + "\n")
    assert aisle("load", changed, "--address", own_engine).returncode == 0
    removed = aisle("delete", first, "--address", own_engine, "--wait-seconds", 0)
    assert "1 products removed, and with them any variants that they had" in removed.stdout
    exported = tmp_path / "all.jsonl.gz"
    report = json.loads(aisle("export", exported, "--data", own_data, "--json").stdout)
    lines = gzip.decompress(exported.read_bytes()).decode().splitlines()
    assert report["products"] == len(lines)
    titles = {row["product_id"]: row["title"] for row in map(json.loads, lines)}
    assert first not in titles and titles[second] == "Another title"
    assert aisle("index", exported, "--data", tmp_path / "anew", "--strict").returncode == 0
    again = aisle("export", "--data", tmp_path / "anew").stdout.splitlines()
    assert sorted(again) == sorted(lines)


def test_an_export_of_nothing_says_so(aisle: Any, tmp_path: Path) -> None:
    refused = aisle("export", tmp_path / "all.jsonl", "--data", tmp_path)
    assert refused.returncode == 1
    assert "has no catalogue; make one with 'aisle index" in refused.stderr
    assert not (tmp_path / "all.jsonl").exists()


def test_status_says_what_is_served(aisle: Any, address: str) -> None:
    told = aisle("status", "--address", address)
    assert told.returncode == 0, told.stderr
    assert "150 products, 0 writes not shown yet" in told.stdout
    assert json.loads(aisle("status", "--address", address, "--json").stdout)["product_count"] == "150"
