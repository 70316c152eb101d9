import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from aisle.v1.catalog_pb2 import Product
from aisle.v1.search_pb2 import SearchRequest, SearchResponse, SearchResult, Tier
from bench.page import PEER, PageBench, Vectors, index_peer
from services.training.evaluation.judgments import JudgedQuery
from shared.catalog import product as catalog

QUERIES = [JudgedQuery("1", "kettle", {"p1": 3.0, "p2": 1.0}), JudgedQuery("2", "pan", {"p2": 3.0})]


@dataclass(frozen=True)
class Shown:
    product_ids: list[str]
    stage_ms: dict[str, float]


@dataclass
class SlowPeer:
    """Ranks p2 before p1 in half a second, which it claims rather than takes."""

    encoded: int = 0
    added: list[str] = field(default_factory=list)

    def page(self, query: str) -> Shown:
        return Shown(["p2", "p1"], {"rerank": 400.0, "total": 500.0})

    def encode(self, products: Sequence[catalog.Product]) -> Vectors:
        self.encoded += len(products)
        return np.ones((len(products), 2), np.float32)

    def add(self, products: Sequence[catalog.Product], vectors: Vectors) -> None:
        assert len(products) == len(vectors)
        self.added += [product.product_id for product in products]


def _engine(request: SearchRequest) -> SearchResponse:
    page = SearchResponse(results=[SearchResult(product=Product(product_id=name)) for name in ("p1", "p2")])
    page.served_by.tier = Tier.TIER_RERANKED
    page.served_by.stage_ms["rerank"] = 5.0
    return page


def test_both_sides_answer_the_same_queries_and_are_measured_alike() -> None:
    report = PageBench(_engine, QUERIES, rounds=1).measure(SlowPeer(), lambda: None)
    ours = report["ours"]
    peer = report["peers"][PEER]
    assert ours["stage_ms"] == {"rerank": 5.0}
    assert ours["wholly_reranked_pages"] == 2
    assert (peer["p50_ms"], peer["stage_ms"]["rerank"]) == (500.0, 400.0)
    assert ours["ndcg@10"] == pytest.approx((1 + 1 / np.log2(3)) / 2, abs=1e-4)
    assert report["speedup_p50"][PEER] == pytest.approx(500 / ours["p50_ms"], rel=0.1)


def test_without_a_peer_there_is_no_ratio() -> None:
    report = PageBench(_engine, QUERIES, rounds=2).measure(None, lambda: None)
    assert report["peers"] == report["speedup_p50"] == {}
    assert report["rounds"] == 2


def test_the_peers_vectors_are_made_once_a_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text(
        "".join(f"{json.dumps({'product_id': f'p{n}', 'title': 'x'})}\n" for n in range(300)) + "{\n"
    )
    first = SlowPeer()
    second = SlowPeer()
    assert sum(index_peer(first, path, tmp_path / "cache")) == 300
    assert sum(index_peer(second, path, tmp_path / "cache")) == 300
    assert (first.encoded, second.encoded) == (300, 0)
    assert first.added == second.added == [f"p{n}" for n in range(300)]
