"""How good recommendations are: python -m bench.recommend_offline PURCHASES --catalog PRODUCTS.

PURCHASES is a file of tab-separated values (.gz too) with user, basket, time, product_id and price.
The last days are kept aside: what each known visitor buys in its first order, and which products
are in one order. References and the product's own modules are built of the days before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.cpu import cpu
from bench.recommend_references import References
from bench.title_vectors import read_vectors
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Page
from services.training.recommending.interactions import Interactions
from services.training.recommending.judging import CUT, Judged, judge_rankings, paired_gain
from services.training.recommending.moment_trainer import MomentTrainer, RecommendSettings
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from services.training.recommending.purchase_file import interactions_of, read_baskets
from services.training.recommending.recommend_ranker import ranker_of
from shared.product_memory.memory import DAY_SECONDS


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Offline quality of recommendations")
    parser.add_argument("purchases", type=Path)
    parser.add_argument("--catalog", type=Path, help="products as JSON lines, for vectors")
    parser.add_argument("--keep-days", type=float, default=30.0, help="the last days, which judge")
    parser.add_argument("--least-visitors", type=int, default=5, help="distinct visitors of a pair")
    parser.add_argument("--part", choices=("all", "next-basket", "bought-with"), default="all")
    chosen = parser.parse_args(arguments)
    lines = interactions_of(read_baskets(chosen.purchases))
    vectors = read_vectors(chosen.catalog) if chosen.catalog else None
    last = float(lines.seconds.max())
    now = (last // DAY_SECONDS + 1 - chosen.keep_days) * DAY_SECONDS
    bench = _Bench(lines, now, vectors, MemorySettings(least_pair_visitors=chosen.least_visitors))
    print(f"{cpu()}; {len(lines)} lines; judged on {chosen.keep_days:.0f} days")
    if chosen.part != "bought-with":
        bench.next_basket()
    if chosen.part != "next-basket":
        bench.bought_with()


class _Bench:
    def __init__(
        self,
        lines: Interactions,
        now: float,
        vectors: ProductVectors | None,
        settings: MemorySettings,
    ) -> None:
        self._lines = lines
        self._now = now
        self._until = float(lines.seconds.max()) + 1.0
        self._trainer = MomentTrainer(lines, vectors, now, RecommendSettings(threads=2, memory=settings))
        self._moment = self._trainer.moment(now)
        self._references = References(lines, now)

    def next_basket(self) -> None:
        """Anything, and only what the visitor never bought."""
        ranker = self._trained(Placement.FOR_YOU)
        pages = list(self._moment.personal_pages(self._until))
        self._table("next basket: anything", pages, self._peers(pages), ranker)
        new = [page.new_only() for page in pages]
        new = [page for page in new if page.bought]
        self._table("next basket: only what was never bought", new, self._peers(new), ranker)

    def bought_with(self) -> None:
        """The other products of an order, by one of it."""
        ranker = self._trained(Placement.ALSO_BOUGHT)
        pages = list(self._moment.seed_pages(self._until, 5))
        known = set(self._moment.memory.product_ids)
        pages = [page for page in pages if known.issuperset(page.evidence.seeds)]
        scores = {seed: self._references.bought_with(seed) for seed in {p.evidence.seeds[0] for p in pages}}
        names = ("popular, 30 days", "count of orders", "cosine")
        peers = {
            name: [
                self._references.ranking(scores[p.evidence.seeds[0]][name], p.evidence.seeds, CUT)
                for p in pages
            ]
            for name in names
        }
        self._table("bought with a product", pages, peers, ranker)

    def _peers(self, pages: Sequence[Page]) -> dict[str, list[list[str]]]:
        rankings: dict[str, list[list[str]]] = {}
        for page in pages:
            history = page.evidence.history
            left_out = history.product_ids if page.only_new else ()
            for name, scores in self._references.next_basket(history).items():
                rankings.setdefault(name, []).append(self._references.ranking(scores, left_out, CUT))
        return rankings

    def _trained(self, placement: Placement) -> RecommendRanker:
        trained = self._trainer.trained(placement, self._now)
        assert trained is not None, f"there are too few orders to teach {placement}"
        best = sorted(trained.gains.items(), key=lambda each: -each[1])[:8]
        print("\ntaught, most of all", ", ".join(f"{name} {share:.0%}" for name, share in best))
        return ranker_of([trained])

    def _table(
        self,
        title: str,
        pages: Sequence[Page],
        peers: dict[str, list[list[str]]],
        ranker: RecommendRanker,
    ) -> None:
        count = len(np.unique(self._lines.before(self._now).products))
        bought = [page.bought for page in pages]
        print(f"\n{title}: {len(pages)} pages\n{'':34}recall@20 [95 %]            nDCG@20  coverage@20")
        judged = {name: judge_rankings(rankings, bought, count) for name, rankings in peers.items()}
        began = time.perf_counter()
        judged["ours, formula"] = judge_rankings(
            self._moment.rankings(pages, RecommendRanker(), CUT), bought, count
        )
        judged["ours, trained"] = judge_rankings(self._moment.rankings(pages, ranker, CUT), bought, count)
        page_ms = (time.perf_counter() - began) * 1_000 / (2 * len(pages))
        for name, each in judged.items():
            _print(name, each)
        best = max(peers, key=lambda name: judged[name].recall.mean())
        gain = paired_gain(judged["ours, trained"].recall, judged[best].recall)
        print(f"ours - {best}: {gain[0]:+.4f} [{gain[1]:+.4f}, {gain[2]:+.4f}]; a page {page_ms:.1f} ms")


def _print(name: str, judged: Judged) -> None:
    found = judged.report()
    low, high = found["interval"]
    print(
        f"{name:34}{found['recall@20']:.4f} [{low:.4f}, {high:.4f}]   "
        f"{found['ndcg@20']:.4f}   {found['coverage@20']:.3f}"
    )


if __name__ == "__main__":
    main()
