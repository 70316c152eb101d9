"""Recommendations of a shop that knows little: python -m bench.little_known PURCHASES

Draws a share of the baskets before DATE again and again. For each draw, compares the formula's list
for a new visitor with the best-sellers of 30 days, without any threshold. Later first baskets of
the customers judge. One draw's list is luck, so the interval is over draws.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.next_basket import asked_for
from bench.purchase_orders import PurchaseOrders
from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Moment
from services.training.recommending.judging import CUT, judge_rankings, paired_gain
from services.training.recommending.purchase_file import Basket, interactions_of, read_baskets


def main() -> None:
    """Print recall@20 of both, and the change."""
    arguments = _arguments()
    until = datetime.fromisoformat(arguments.until).replace(tzinfo=UTC).timestamp()
    baskets = read_baskets(arguments.purchases)
    before = [basket for basket in baskets if basket.seconds < until]
    after = [basket for basket in baskets if basket.seconds >= until]
    bought = [set(basket.product_ids) for basket in asked_for(before, after, 0).baskets]
    found = np.array(list(_draws(before, bought, until, arguments.share, arguments.draws)))
    popular, ours = found.mean(axis=0)
    change, low, high = paired_gain(found[:, 1], found[:, 0])
    print(
        f"{arguments.draws} draws of {arguments.share:.0%} of {len(before)} baskets, {len(bought)} customers"
    )
    print(
        f"recall@{CUT}: popularity {popular:.4f}, Aisle {ours:.4f}, {change:+.4f} [{low:+.4f}, {high:+.4f}]"
    )


def _draws(
    before: Sequence[Basket],
    bought: Sequence[Collection[str]],
    until: float,
    share: float,
    count: int,
) -> Iterator[tuple[float, float]]:
    for draw in range(count):
        known = random.Random(draw).sample(before, max(1, round(share * len(before))))
        known.sort(key=lambda basket: basket.seconds)
        moment = Moment.of(interactions_of(known), until)
        page = moment.page(Evidence(moment.memory, until), Placement.FOR_YOU, frozenset())
        (ours,) = moment.rankings([page], RecommendRanker(), CUT)
        (_, popular), *_ = PurchaseOrders(known).of("nobody")
        yield _recall(popular, bought), _recall(ours, bought)


def _recall(ranking: Sequence[str], bought: Sequence[Collection[str]]) -> float:
    return float(judge_rankings([ranking] * len(bought), bought, 1).recall.mean())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("purchases", type=Path)
    parser.add_argument(
        "--until", default="2011-10-09", help="what is known ends there (default %(default)s)"
    )
    parser.add_argument("--share", type=float, default=0.01, help="of the baskets (%(default)s)")
    parser.add_argument("--draws", type=int, default=16, help="(default %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
