"""Shoppers' opens after searches, from the tables, split by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.feedback.join.tables import Tables
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_shop import JudgedShop
from services.training.lessons import product_texts
from services.training.opens import opened_rows
from services.training.towers.lessons import TowerLessons, Wanted
from shared.query_ids import normalised

STOPPING_SHARE = 0.1  # of the opens, by time: they decide when training ends
HELD_OUT_SHARE = 0.1  # the latest opens: they measure the bundle
_COLUMNS = ("query_hash", "event_time", "product_id")
_GRADE = 3.0  # of a product that was opened
_MOST_HELD_OUT = 2_000


@dataclass(frozen=True)
class Opened:
    """An open of a product on a page of a query."""

    seconds: float
    query: str
    product_id: str


def read_opened(tables: Tables) -> list[Opened]:
    """All opens that count, of queries whose text is known, oldest first.

    A visitor counts once for a query and product.
    """
    texts = {row["query_hash"]: row["text"] for row in tables.queries().to_pylist() if row["text"]}
    seen: set[tuple[str, int, str]] = set()
    found: list[Opened] = []
    for day in tables.days():
        for row in opened_rows(tables, day, _COLUMNS):
            visit = row["visitor_id"], row["query_hash"], row["product_id"]
            if row["query_hash"] not in texts or visit in seen:
                continue
            seen.add(visit)
            text = normalised(texts[row["query_hash"]])
            found.append(Opened(row["event_time"].timestamp(), text, row["product_id"]))
    return sorted(found, key=lambda opened: opened.seconds)


def click_lessons(shop: JudgedShop, opened: Sequence[Opened], name: str) -> TowerLessons:
    """The oldest opens train, later ones end the training, the latest measure the bundle."""
    training, stopping, held_out = by_time(opened)
    return TowerLessons(
        name=name,
        products=product_texts(shop),
        training=wanted_of(shop, training),
        stopping=wanted_of(shop, stopping),
        recall=lambda query: shop.recall(query).rows.tolist(),
        held_out=_measured(shop, held_out),
    )


def by_time(opened: Sequence[Opened]) -> tuple[Sequence[Opened], ...]:
    """The oldest opens, later ones, and the latest. Opens of the same moment stay together."""
    ends = [
        _begin(opened, int(len(opened) * share))
        for share in (1 - HELD_OUT_SHARE - STOPPING_SHARE, 1 - HELD_OUT_SHARE)
    ]
    return opened[: ends[0]], opened[ends[0] : ends[1]], opened[ends[1] :]


def _begin(opened: Sequence[Opened], place: int) -> int:
    while 0 < place < len(opened) and opened[place - 1].seconds == opened[place].seconds:
        place -= 1
    return place


def wanted_of(shop: JudgedShop, opened: Sequence[Opened]) -> list[Wanted]:
    """Each query with its opened products in the catalogue, and the number of opens."""
    rows = _rows(shop, opened)
    found: dict[str, dict[int, float]] = {}
    for each in opened:
        if (row := rows[each.product_id]) is not None:
            weights = found.setdefault(each.query, {})
            weights[row] = weights.get(row, 0.0) + 1
    return [Wanted(shop.corrected(query), weights) for query, weights in found.items()]


def _measured(shop: JudgedShop, opened: Sequence[Opened]) -> list[JudgedQuery]:
    """One judged query per open; of more than _MOST_HELD_OUT a random sample."""
    rows = _rows(shop, opened)
    kept = [each for each in opened if rows[each.product_id] is not None]
    chosen = np.random.default_rng(0).permutation(len(kept))[:_MOST_HELD_OUT]
    return [JudgedQuery(kept[i].query, kept[i].query, {kept[i].product_id: _GRADE}) for i in sorted(chosen)]


def _rows(shop: JudgedShop, opened: Sequence[Opened]) -> dict[str, int | None]:
    product_ids = list(dict.fromkeys(each.product_id for each in opened))
    return dict(zip(product_ids, shop.rows(product_ids), strict=True))
