"""What diversity costs: python -m bench.recommend_diversity PURCHASES --data DATA [--pages 1000]

DATA has a snapshot of the catalogue, whose vectors say what is alike. Each question of `aisle
evaluate --recommend` is asked with several weights of AISLE_RERANKER_DIVERSITY. Likeness is the
mean cosine between two products of a page of 20.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.cpu import cpu
from services.reranker.recommending.diversity import (
    LOOKED_AT,
    by_score,
    diversified,
    likeness_within,
)
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Page
from services.training.recommending.evaluation.catalogue import Catalogue
from services.training.recommending.evaluation.evaluation import Evaluation
from services.training.recommending.evaluation.questions import Question, questions
from services.training.recommending.judging import CUT, judge_rankings, paired_gain
from services.training.recommending.moment_trainer import RecommendSettings
from services.training.recommending.purchase_file import interactions_of, read_baskets

_WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_Ways = dict[float, tuple[list[str], float]]  # weight -> a list, and its likeness
_Lists = dict[float, tuple[list[list[str]], list[float]]]  # weight -> lists, and their likeness


def main() -> None:
    """Print a row for each question, ranker and weight."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("purchases", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="with the catalogue's snapshot")
    parser.add_argument("--pages", type=int, default=1_000, help="of a question (%(default)s)")
    chosen = parser.parse_args()
    lines = interactions_of(read_baskets(chosen.purchases))
    shop = Evaluation(lines, Catalogue.of(chosen.data), 30.0, RecommendSettings())
    print(f"{cpu()}\n| | | weight | recall@20 | change (95 %) | nDCG@20 | coverage | likeness |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for question in questions(shop.moment, float(lines.seconds.max()) + 1.0, chosen.pages):
        rankers = {"formula": RecommendRanker()}
        if question.placement in shop.ranker.trees:
            rankers["learnt"] = shop.ranker
        for name, ranker in rankers.items():
            for row in _rows(shop, question, ranker):
                print(f"| {question.title} | {name} | {row} |", flush=True)


def _rows(shop: Evaluation, question: Question, ranker: RecommendRanker) -> Iterator[str]:
    lists: _Lists = {weight: ([], []) for weight in _WEIGHTS}
    for page in question.pages:
        for weight, (shown, likeness) in _diverse(shop, page, ranker).items():
            lists[weight][0].append(shown)
            lists[weight][1].append(likeness)
    bought = [page.bought for page in question.pages]
    judged = {
        weight: judge_rankings(shown, bought, shop.product_count) for weight, (shown, _) in lists.items()
    }
    for weight, found in judged.items():
        change, low, high = paired_gain(found.recall, judged[0.0].recall)
        yield (
            f"{weight:g} | {found.recall.mean():.4f} | {change:+.4f} ({low:+.4f} to {high:+.4f}) "
            f"| {found.ndcg.mean():.4f} | {found.coverage:.3f} | {np.nanmean(lists[weight][1]):.4f}"
        )


def _diverse(shop: Evaluation, page: Page, ranker: RecommendRanker) -> _Ways:
    scores = ranker.score(shop.moment.features(page, page.product_ids), page.placement)
    order = by_score(scores)
    best = [page.product_ids[place] for place in order.places[:LOOKED_AT].tolist()]
    vectors = _vectors(shop, best)
    found = {}
    for weight in _WEIGHTS:
        first = diversified(scores, order, vectors, weight).places[:CUT].tolist()
        ids = [page.product_ids[place] for place in first]
        found[weight] = ids, likeness_within(_vectors(shop, ids))
    return found


def _vectors(shop: Evaluation, product_ids: Sequence[str]) -> np.ndarray:
    known = shop.catalogue.vectors
    assert known is not None, "--data has no snapshot; make one with `aisle index`"
    return known.at(product_ids)


if __name__ == "__main__":
    main()
