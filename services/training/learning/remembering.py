"""Builds the query memory from the tables of shoppers' actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.feedback.join.tables import Tables
from services.training.opens import opened_rows
from shared.features.spec import LEAST_VISITORS
from shared.query_memory.memory import HALF_LIVES_DAYS, QueryMemory

Pair = tuple[int, str]  # query hash, product id
Encode = Callable[[Sequence[str]], NDArray[np.float32]]  # texts to vectors (n, dim)

MAX_QUERIES = 10_000  # those with most opens: searching more takes too long for a page
MAX_PRODUCTS = 100  # of one query
_DAYS = 60  # older opens weigh too little
_DAY_SECONDS = 86_400.0
_COLUMNS = ("query_hash", "event_time", "product_id")
# Least weight of a product under a query to be remembered: one open some 60 days ago
_LEAST_WEIGHT = 0.05


@dataclass(frozen=True)
class QueryEncoder:
    """Makes vectors of queries."""

    version: str  # as named in snapshots
    encode: Encode


def build_memory(
    tables: Tables, now_seconds: float, encoder: QueryEncoder, before: QueryMemory | None = None
) -> QueryMemory:
    """The query memory as of now. Reuses the vectors of `before` for texts that it has."""
    opened: dict[Pair, NDArray[np.float64]] = {}
    visitors: dict[Pair, set[str]] = {}
    today = datetime.fromtimestamp(now_seconds, UTC).date()
    for day in tables.days():
        if today - timedelta(days=_DAYS) <= day:
            _add_day(opened, visitors, opened_rows(tables, day, _COLUMNS), now_seconds)
    by_query = _by_query(
        {pair: weight for pair, weight in opened.items() if len(visitors[pair]) >= LEAST_VISITORS}
    )
    texts = _texts(tables)
    hashes = _most_asked(by_query)
    kept = [texts.get(each, "") for each in hashes]
    product_ids = sorted({product for each in hashes for product, _ in by_query[each]})
    places = {product_id: place for place, product_id in enumerate(product_ids)}
    entries = [(places[product], weight) for each in hashes for product, weight in by_query[each]]
    return QueryMemory(
        hashes=np.array(hashes, np.int64),
        texts=kept,
        vectors=_vectors(kept, encoder.encode, before if _same(before, encoder.version) else None),
        encoder_version=encoder.version,
        product_ids=product_ids,
        ends=np.cumsum([len(by_query[each]) for each in hashes], dtype=np.int64),
        products=np.array([place for place, _ in entries], np.int64),
        weights=np.array([weight for _, weight in entries], np.float32).reshape(-1, len(HALF_LIVES_DAYS)),
    )


def _same(before: QueryMemory | None, encoder_version: str) -> bool:
    return before is not None and before.encoder_version == encoder_version


def _add_day(
    opened: dict[Pair, NDArray[np.float64]],
    visitors: dict[Pair, set[str]],
    rows: Sequence[Mapping[str, Any]],
    now_seconds: float,
) -> None:
    """Add each (query, product) that a known visitor opened on a day, once per visitor."""
    seen: set[tuple[str, Pair]] = set()
    for row in rows:
        pair = row["query_hash"], row["product_id"]
        visit = row["visitor_id"], pair
        if not row["query_hash"] or visit in seen:
            continue
        seen.add(visit)
        known = visitors.setdefault(pair, set())
        if len(known) < LEAST_VISITORS:
            known.add(row["visitor_id"])
        age_days = max(0.0, now_seconds - row["event_time"].timestamp()) / _DAY_SECONDS
        opened[pair] = opened.get(pair, 0.0) + 0.5 ** (age_days / np.array(HALF_LIVES_DAYS))


def _by_query(
    opened: Mapping[Pair, NDArray[np.float64]],
) -> dict[int, list[tuple[str, NDArray[np.float64]]]]:
    """The products of each query with their weights, most opened first."""
    found: dict[int, list[tuple[str, NDArray[np.float64]]]] = {}
    for (query, product), weight in opened.items():
        if weight[-1] >= _LEAST_WEIGHT:
            found.setdefault(query, []).append((product, weight))
    return {
        query: sorted(products, key=lambda each: (-each[1][-1], each[0]))[:MAX_PRODUCTS]
        for query, products in found.items()
    }


def _most_asked(by_query: Mapping[int, Sequence[tuple[str, NDArray[np.float64]]]]) -> list[int]:
    totals = {query: sum(weight[-1] for _, weight in products) for query, products in by_query.items()}
    return sorted(totals, key=lambda query: (-totals[query], query))[:MAX_QUERIES]


def _texts(tables: Tables) -> dict[int, str]:
    rows = tables.queries().to_pylist()
    return {row["query_hash"]: row["text"] for row in rows if row["text"]}


def _vectors(texts: Sequence[str], encode: Encode, before: QueryMemory | None) -> NDArray[np.float16]:
    """(n, dim); zeros for an empty text."""
    known = {text: before.vectors[place] for place, text in enumerate(before.texts) if text} if before else {}
    missing = [text for text in dict.fromkeys(texts) if text and text not in known]
    encoded = encode(missing).astype(np.float16)
    known |= dict(zip(missing, encoded, strict=True))
    vectors = np.zeros((len(texts), encoded.shape[1]), np.float16)
    for place, text in enumerate(texts):
        if text:
            vectors[place] = known[text]
    return vectors
