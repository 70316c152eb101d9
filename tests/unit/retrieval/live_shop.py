"""A live snapshot beside one that is rebuilt: what they must agree on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.retrieval.candidates import Candidates
from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import DENSE, FUSED, LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.catalog_history import ENCODER, History
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot

STEPS = ("write", "batch", "compact")
VECTOR = np.eye(1, DIM, dtype=np.float32)[0]
FIELDS = ("brands", "categories", "tags", "price", "attributes.color", "attributes.size", "rating")
FILTERS = (
    Filter("brands", AnyOf(("ACME",))), Filter("brands", AnyOf(("hob", "łux")), negate=True),
    Filter("categories", AnyOf(("A>B",))),
    Filter("price", Between(10, 60)), Filter("price", Exists(False)),
    Filter("attributes.color", AnyOf(("red", "nothing"))),
    Filter("attributes.size", Between(2, math.inf)),
    Filter("attributes.size", AnyOf(("2.5",))), Filter("product_id", AnyOf(("p1", "p5", "p99"))),
    Filter("tags", Exists(True)), Filter("type", AnyOf(("primary",))),
)  # fmt: skip
ORDERS: dict[str, Callable[[Product], Any]] = {
    "": lambda p: -_popularity(p),
    "price asc": lambda p: (_last(p.price), -_popularity(p)),
    "price desc": lambda p: (_last(None if p.price is None else -p.price), -_popularity(p)),
    "rating desc": lambda p: (
        _last(None if p.rating_average is None else -p.rating_average),
        -_popularity(p),
    ),
    "newest": lambda p: (
        _last(None if p.publish_time is None else -p.publish_time),
        -_popularity(p),
    ),
}
QUERIES = ("red lamp", "zephyrine", "tshirt", "blue steel kettle mug", "p3", "acme lampshade")


def _popularity(product: Product) -> float:
    return (product.rating_average or 0) * math.log1p(product.rating_count)


def _last(number: float | None) -> float:
    return math.inf if number is None else number


class Shop:
    """A live snapshot beside the history that made it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.history = History(random.Random(seed))
        self._versions = 0
        for _ in range(8):
            self.history.step()
        self.live = self._compacted()

    def write(self, count: int) -> None:
        self.live.apply([self.history.step() for _ in range(count)])

    def compact(self) -> None:
        self.live = self._compacted()

    def rebuilt(self) -> Snapshot:
        return Snapshot.open(self._written())

    def _compacted(self) -> LiveSnapshot:
        return LiveSnapshot(self._written(), self.folder / f"private{self._versions}")

    def _written(self) -> Path:
        self._versions += 1
        history = self.history
        version = f"v{self._versions}"
        positions = {"vectors_position": history.offset, "log_position": 2 * history.offset}
        products = list(history.products.values())
        return write_snapshot(
            self.folder,
            products,
            history.vectors(),
            version,
            encoder=ENCODER,
            **positions,
        )


def ids_of(snapshot: Snapshot, found: Candidates) -> list[str]:
    return snapshot.products.product_ids(found.rows)


def answer(snapshot: Snapshot, request: Request, fields: list[str]) -> tuple[set[str], int, Any]:
    """What must be the same however the snapshot came to be.

    Only BM25's statistics still know deleted products.
    """
    asked = replace(request, facets=tuple(FacetRequest(name, limit) for name in fields for limit in (2, 50)))
    found = Retriever().retrieve(snapshot, asked)
    return set(ids_of(snapshot, found)), found.total_count, found.facets


def agree(shop: Shop) -> None:
    live = shop.live.state
    rebuilt = shop.rebuilt()
    assert live.log_position == rebuilt.log_position and live.shown_count == len(rebuilt.products)
    known = [field for field in FIELDS if field in rebuilt.columns.fields()]
    assert set(rebuilt.columns.fields()) <= set(live.columns.fields())
    # A filter on an attribute that nothing has any more is refused by the rebuilt one; the live one
    # finds nothing.
    fields = {*known, "product_id", "type"}
    requests = [Request(filters=(each,)) for each in FILTERS if each.field in fields]
    requests += [Request(query, VECTOR, tier=tier) for query in QUERIES for tier in (LEXICAL, FUSED)]
    requests += [Request("red lamp", VECTOR, (FILTERS[1], FILTERS[3]))]
    for request in requests:
        assert answer(live, request, known) == answer(rebuilt, request, known), request
    for order_by, key in ORDERS.items():
        request = Request(order_by=order_by)
        found = [ids_of(each, Retriever().retrieve(each, request)) for each in (live, rebuilt)]
        assert [key(shop.history.products[each]) for each in found[0]] == [
            key(shop.history.products[e]) for e in found[1]
        ]
        assert set(found[0]) == set(found[1])
    _agree_on_vectors(live, rebuilt)
    for product_id in (f"p{n}" for n in range(shop.history.ids)):
        row = live.products.row(product_id)
        product = None if row is None else live.products.product(row)
        assert product == shop.history.products.get(product_id)


def _agree_on_vectors(live: Snapshot, rebuilt: Snapshot) -> None:
    scores = []
    for snapshot in (live, rebuilt):
        found = Retriever().retrieve(snapshot, Request("red", VECTOR, tier=DENSE))
        scores.append(dict(zip(ids_of(snapshot, found), found.dense_scores.tolist(), strict=True)))
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)  # a rebuilt one has them as float16


def go(shop: Shop, steps: list[str]) -> None:
    """Write, write much at once or compact, and compare after each step."""
    for step in steps:
        if step == "compact":
            shop.compact()
        else:
            shop.write(1 if step == "write" else 12)
        agree(shop)
