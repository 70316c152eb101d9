"""Towers that learn, on clicks from a file and on judged sets (docs/relevance-towers.md).

`python -m bench.towers tables` writes DATA/tables from the clicks before a day, for `aisle train
towers`. `python -m bench.towers compare` measures a bundle beside another one: on the clicks since
that day, or on judged queries.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.click_file import Click, read_clicks
from bench.cpu import cpu
from services.feedback.join.columns import QUERIES, schema
from services.feedback.join.paths import file_of_day, queries_file
from services.training.evaluation.judgments import JudgedQuery, read_judged_queries
from services.training.judged_shop import JudgedShop
from services.training.towers.judging import (
    TowerJudgement,
    judgement,
    measured_values,
    opened_with,
    sampled_products,
)
from shared.models.registry import Registry
from shared.query_ids import normalised, query_hash

_GRADE = 3.0
_COUNTS = ("views", "clicks", "wishlists", "carts", "removals", "purchases")


def write_tables(root: Path, clicks: Sequence[Click]) -> None:
    """Tables with a row a click, as the join would have written them."""
    import pyarrow as pa
    from pyarrow import parquet

    for day in sorted({click.day for click in clicks}):
        path = file_of_day(root, day.isoformat())
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [_row(number, click) for number, click in enumerate(clicks) if click.day == day]
        parquet.write_table(pa.Table.from_pylist(rows, schema(())), path)
    texts = {query_hash(click.query): normalised(click.query) for click in clicks}
    known = [{"query_hash": key, "text": text, "visitors": 2} for key, text in texts.items()]
    parquet.write_table(pa.Table.from_pylist(known, QUERIES), queries_file(root))


def _row(number: int, click: Click) -> dict[str, Any]:
    text = dict.fromkeys(
        ("session_id", "user_id", "snapshot_version", "bundle_version", "arm", "placement", "left_out"), ""
    )
    return {
        **text,
        **dict.fromkeys(_COUNTS, 0),
        "query_id": str(number),
        "query_hash": query_hash(click.query),
        "visitor_id": click.visitor_id,
        "experiment_ids": [],
        "event_time": datetime.fromtimestamp(click.query_seconds, UTC),
        "position": 1,
        "product_id": click.product_id,
        "relevance_score": 0.0,
        "clicks": 1,
        "purchased_quantity": 0,
        "revenue": 0.0,
    }


def asked(clicks: Sequence[Click]) -> list[JudgedQuery]:
    """A query a click, with the product that was clicked."""
    return [
        JudgedQuery(text := normalised(click.query), text, {click.product_id: _GRADE}) for click in clicks
    ]


def compare(arguments: argparse.Namespace) -> TowerJudgement:
    """The bundle beside the other one."""
    registry = Registry.of(arguments.bundles or arguments.data)
    new = registry.named(arguments.bundle)
    with TemporaryDirectory() as folder:
        old_shop = JudgedShop.open(arguments.data, arguments.beside, reranked=False)
        queries, taught = _queries(arguments, old_shop)
        wanted = [product_id for judged in queries for product_id in judged.grades]
        products = sampled_products(old_shop, wanted, arguments.products)
        shops = [
            opened_with(Path(folder) / name, bundle, products)
            for name, bundle in (("new", new), ("old", registry.named(arguments.beside)))
        ]
        values = [measured_values(shop, queries) for shop in shops]
    return judgement(arguments.data.name, values[0], values[1], queries, taught)


def _queries(arguments: argparse.Namespace, shop: JudgedShop) -> tuple[list[JudgedQuery], set[str]]:
    if arguments.queries:
        return read_judged_queries(arguments.queries, arguments.judgments), set()
    clicks = read_clicks(arguments.clicks)
    known = {each for each in {click.product_id for click in clicks} if shop.rows([each]) != [None]}
    clicks = [click for click in clicks if click.product_id in known]
    later = [click for click in clicks if click.day >= arguments.day]
    return asked(later), {normalised(click.query) for click in clicks if click.day < arguments.day}


def lines(judged: TowerJudgement) -> Iterator[str]:
    """A table for people."""
    for of, gains in judged.gains.items():
        yield f"{judged.name}, {of}: {judged.queries[of]}"
        for name, gain in gains.items():
            change = f"{gain.new - gain.old:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
            yield f"  {name}: {gain.old:.4f} -> {gain.new:.4f}, {change}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("tables", "compare"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clicks", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2011, 10, 12))
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--judgments", type=Path)
    parser.add_argument("--bundle", default="")
    parser.add_argument("--beside", default="default")
    parser.add_argument("--products", type=int, default=20_000, help="the most, of a larger catalogue")
    parser.add_argument("--bundles", type=Path, help="the data folder of the bundle, if it is another one")
    arguments = parser.parse_args()
    if arguments.action == "tables":
        earlier = [click for click in read_clicks(arguments.clicks) if click.day < arguments.day]
        write_tables(arguments.data / "tables", earlier)
        print(f"{len(earlier)} clicks")
        return
    print(cpu())
    print("\n".join(lines(compare(arguments))))


if __name__ == "__main__":
    main()
