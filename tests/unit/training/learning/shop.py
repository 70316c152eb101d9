"""Tables and pages of an invented shop, for tests of learning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from services.feedback.join.tables import Tables
from services.reranker.features import FEATURES
from services.training.learning.pages import Pages

FIRST_DAY = date(2026, 3, 1)
RELEVANT = FEATURES.index("dense_z")
POPULAR = FEATURES.index("query_open_share_total")


def pages(count: int, seed: int = 0, rows: int = 20, shuffled: bool = False) -> Pages:
    """Pages with an open of the product with the most opens; `shuffled`: a random one."""
    chance = np.random.default_rng(seed)
    features = np.zeros((count * rows, len(FEATURES)), np.float32)
    features[:, RELEVANT] = chance.normal(size=count * rows)
    features[:, POPULAR] = chance.random(count * rows)
    liking = features[:, POPULAR].reshape(count, rows) * (0.0 if shuffled else 6.0)
    chosen = (liking + chance.gumbel(size=(count, rows))).argmax(axis=1)
    opened = np.zeros((count, rows), np.bool_)
    opened[np.arange(count), chosen] = True
    return Pages(
        features=features,
        opened=opened.ravel(),
        positions=np.tile(np.arange(1, rows + 1), count),
        products=np.array([f"p{place}" for place in chance.integers(0, 300, count * rows)], object),
        sizes=np.full(count, rows, np.int64),
        seconds=np.arange(count, dtype=np.float64) * 600.0,
        queries=chance.integers(1, 50, count),
    )


def row(query_id: str, position: int, product_id: str, day: int = 0, **given: Any) -> dict[str, Any]:
    """A row of the tables, for a page shown some days after FIRST_DAY."""
    moment = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day, hours=9)
    empty = dict.fromkeys(
        ("session_id", "user_id", "snapshot_version", "bundle_version", "arm", "left_out"), ""
    )
    counts = dict.fromkeys(("views", "clicks", "wishlists", "carts", "removals", "purchases"), 0)
    return {
        "query_id": query_id,
        "query_hash": 7,
        "visitor_id": f"visitor of {query_id}",
        "experiment_ids": [],
        "event_time": moment,
        "position": position,
        "product_id": product_id,
        "relevance_score": 1.0,
        "purchased_quantity": 0,
        "revenue": 0.0,
        **empty,
        **counts,
        **given,
    }


def tables(root: Path, rows: list[dict[str, Any]], texts: dict[int, str] | None = None) -> Tables:
    """Write rows by their days, and the texts of queries by their hashes."""
    import pyarrow as pa
    from pyarrow import parquet

    from services.feedback.join.columns import QUERIES, schema
    from services.feedback.join.paths import file_of_day, queries_file

    names = sorted({name.removeprefix("feature.") for each in rows for name in each if "feature." in name})
    days = sorted({each["event_time"].date() for each in rows})
    for day in days:
        path = file_of_day(root, day.isoformat())
        path.parent.mkdir(parents=True, exist_ok=True)
        of_day = [each for each in rows if each["event_time"].date() == day]
        parquet.write_table(pa.Table.from_pylist(of_day, schema(names)), path)
    known = [{"query_hash": key, "text": text, "visitors": 9} for key, text in (texts or {}).items()]
    parquet.write_table(pa.Table.from_pylist(known, QUERIES), queries_file(root))
    return Tables(root)
