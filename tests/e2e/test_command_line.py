import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aisle.v1.events_pb2 import Impression
from tests.unit.gateway.events.formats.test_golden import FILES

COMMANDS = (
    "", "demo", "index", "serve", "search", "events", "export", "get", "delete", "status", "evaluate",
    "learn", "models", "models list", "models show",
    "models promote", "models rollback", "train", "train reranker", "train ranker",
    "bench", "bench page", "bench load", "bench index",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(aisle: Any, command: str) -> None:
    finished = aisle(*command.split(), "--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith("Usage: ")


def test_search_prints_a_page_for_a_person_and_one_for_a_program(aisle: Any, address: str) -> None:
    told = aisle("search", "running shoes", "--address", address, "--explain")
    assert told.returncode == 0, told.stderr
    assert "products" in told.stdout and "ms" in told.stdout and "why" in told.stdout
    page = json.loads(
        aisle("search", "running shoes", "--address", address, "--page-size", 3, "--json").stdout
    )
    assert [result["position"] for result in page["results"]] == [1, 2, 3]
    assert {"query_id", "results", "total_count", "served_by"} <= set(page)


def test_a_filter_is_typed_as_field_and_value(aisle: Any, address: str) -> None:
    finished = aisle(
        "search", "", "--address", address, "--filter", "price=10..20", "--page-size", 200, "--json"
    )
    prices = [result["product"]["price"]["amount"] for result in json.loads(finished.stdout)["results"]]
    assert prices and all(10 <= price <= 20 for price in prices)


def test_wrong_usage_and_errors_have_their_exit_codes(aisle: Any, address: str) -> None:
    assert aisle("search", "x", "--address", address, "--page-size", "many").returncode == 2
    refused = aisle("search", "x", "--address", address, "--filter", "colour=blue")
    assert refused.returncode == 1
    assert refused.stderr.startswith("aisle: filters[0].field")
    for place in ("localhost:1", "no-such-host.invalid:50051"):
        nobody = aisle("search", "x", "--address", place)
        assert nobody.returncode == 1
        assert f"no engine answers at {place}" in nobody.stderr and "aisle serve" in nobody.stderr


def test_a_query_that_is_no_text_is_named(address: str) -> None:
    command = [sys.executable.encode(), b"-m", b"cli.app", b"search", b"caf\xe9"]
    finished = subprocess.run(
        [*command, b"--address", address.encode()], capture_output=True, check=False, timeout=240
    )
    assert finished.returncode == 1
    assert b"is not valid UTF-8" in finished.stderr and b"Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("\U0001f45f\u200d\u2728", 3),
        ("run\x07ning \x1b[31mshoes", 3),
        ("shoe " * 2_000, 3),
    ],
)
def test_any_text_is_searched(aisle: Any, address: str, query: str, count: int) -> None:
    options = ("--address", address, "--page-size", count, "--deadline-ms", 5000, "--json")
    finished = aisle("search", query, *options)
    assert finished.returncode == 0, finished.stderr
    assert len(json.loads(finished.stdout)["results"]) == count


@pytest.mark.parametrize("page_size", [0, -1, 10**9])
def test_a_page_size_that_makes_no_sense_is_wrong_usage(
    aisle: Any,
    address: str,
    page_size: int,
) -> None:
    finished = aisle("search", "x", "--address", address, "--page-size", page_size)
    assert finished.returncode == 2
    assert "--page-size" in finished.stderr


def test_events_are_streamed_and_told_apart(
    aisle: Any, address: str, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    event = {
        "event_id": "cli-1",
        "action": "click",
        "visitor_id": "v",
        "products": [{"product_id": rows[0]["product_id"]}],
    }
    path = tmp_path / "events.jsonl"
    lines = [
        event,
        event,
        {**event, "event_id": "cli-2", "visitor_id": ""},
        {**event, "event_id": "cli-3", "action": "stare"},
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    finished = aisle("events", path, "--address", address, "--json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 0
    assert (report["accepted"], report["duplicate"], report["rejected"]) == (1, 1, 2)
    assert [(one["line"], one["field"]) for one in report["rejections"]] == [
        (3, "visitor_id"),
        (4, "action"),
    ]


@pytest.mark.parametrize("options", [(), ("--format", "algolia")])
def test_events_of_another_system_are_streamed_as_they_are(
    aisle: Any, address: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """The format is detected or named. Events that are sent again are duplicates."""
    path = tmp_path / "insights.json"
    story = FILES["algolia"].read_text().replace("v-7f3", f"v-{len(options)}")
    path.write_text(story.replace('"positions": [3]', '"positions": [0]'))
    finished = aisle("events", path, "--address", address, *options)
    assert finished.returncode == 0
    assert f"{path}: read as Algolia Insights events" in finished.stderr
    reason = "positions[0]: is 0; positions are from 1: add 1 to all, or leave them out"
    assert f"line 11: {reason}" in finished.stderr
    skipped = "2 skipped (1 filters, 1 impression)"
    assert finished.stdout == f"3 accepted, 0 duplicate, 1 rejected, {skipped}\n"
    again = json.loads(aisle("events", path, "--address", address, *options, "--json").stdout)
    del again["rejections"]
    assert again == {
        "accepted": 0,
        "duplicate": 3,
        "rejected": 1,
        "format": "algolia",
        "skipped": 2,
        "skipped_by_reason": {"filters": 1, "impression": 1},
    }


def test_events_of_a_format_that_does_not_exist_are_refused(aisle: Any, address: str) -> None:
    finished = aisle("events", FILES["ubi"], "--address", address, "--format", "segment")
    assert finished.returncode == 1
    known = "ubi, algolia, google-retail, metarank, gorse, aisle"
    assert finished.stderr.strip().endswith(f"--format: is 'segment'; give one of {known}")


def test_evaluate_reports_every_tier(
    aisle: Any, address: str, indexed: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    queries = tmp_path / "queries.tsv"
    judgments = tmp_path / "judgments.tsv"
    asked = [(f"q{number}", row["title"], row["product_id"]) for number, row in enumerate(rows[:5])]
    other = rows[-1]["product_id"]
    queries.write_text(
        "query_id\tquery\n" + "".join(f"{query_id}\t{title}\n" for query_id, title, _ in asked)
    )
    graded = "".join(
        f"{query_id}\t{product_id}\t3\n{query_id}\t{other}\t0\n" for query_id, _, product_id in asked
    )
    judgments.write_text(f"query_id\tproduct_id\tgrade\n{graded}")
    options = ("--address", address, "--queries", queries, "--judgments", judgments, "--json")
    report = json.loads(aisle("evaluate", *options).stdout)
    assert set(report["tiers"]) == {"lexical", "dense", "fused", "reranked"}
    assert report["tiers"]["lexical"]["mrr"] > 0.8  # a title finds its own product
    assert report["with_results"] == 1
    assert 0 < report["coverage"] <= 1
    alone = json.loads(aisle("evaluate", *options, "--judged-only").stdout)
    assert alone["tiers"]["fused"] == {"ndcg@10": 1}
    beside = aisle("evaluate", "--data", indexed, *options[2:])
    assert beside.returncode == 1
    assert f"a server serves {indexed} already; ask that one: --address {address}" in beside.stderr
    with sqlite3.connect(f"file:{indexed}/log.sqlite?mode=ro", uri=True) as log:
        values = log.execute('SELECT value FROM "aisle.search-logs"')
        logged = [Impression.FromString(value) for (value,) in values]
    assert {page.query for page in logged}.isdisjoint(title for _, title, _ in asked)


def test_serving_nothing_is_refused_with_the_remedy(aisle: Any, tmp_path: Path) -> None:
    finished = aisle("serve", "--data", tmp_path / "none", "--port", 0)
    assert finished.returncode == 1
    assert "aisle index" in finished.stderr
