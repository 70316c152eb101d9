"""Training data of the reranker: judged queries, or queries made from titles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.reranker.training.catalog_queries import judge, make_queries
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.split import trains_ranker
from services.reranker.training.training_set import TrainingSet
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_set import JudgedSet
from services.training.judged_shop import JudgedShop
from services.training.quality import MAX_QUERIES
from shared.catalog.product import Product
from shared.product_text import product_text_of

_MADE_QUERIES = 4_000


@dataclass(frozen=True)
class Lessons:
    """The reranker's training queries of one catalogue, and held-out queries to measure it."""

    shop: JudgedShop
    training: TrainingSet
    held_out: Sequence[JudgedQuery]  # from the queries that train the ranker

    def products(self) -> list[Product]:
        """The judged products of the held-out queries."""
        wanted = dict.fromkeys(product_id for judged in self.held_out for product_id in judged.grades)
        rows = [row for row in self.shop.rows(list(wanted)) if row is not None]
        return [self.shop.snapshot.products.product(row) for row in rows]


def judged_lessons(shop: JudgedShop, judged_set: JudgedSet) -> Lessons:
    """Each judged query either trains the reranker, or is held out and trains the ranker."""
    held_out = [judged for judged in judged_set.queries if trains_ranker(judged.text)][:MAX_QUERIES]
    return Lessons(shop, judged_training_set(shop, judged_set), held_out)


def judged_training_set(shop: JudgedShop, judged_set: JudgedSet) -> TrainingSet:
    """The reranker's queries, with the judged products that are in the catalogue."""
    queries = [judged for judged in judged_set.queries if not trains_ranker(judged.text)]
    lists = []
    for place, judged in enumerate(queries):
        rows = shop.rows(list(judged.grades))
        known = [
            (row, grade) for row, grade in zip(rows, judged.grades.values(), strict=True) if row is not None
        ]
        if any(grade > 0 for _, grade in known):
            columns = (
                np.array([row for row, _ in known]),
                np.array([grade for _, grade in known], np.float32),
            )
            lists.append(JudgedList(place, columns[0].astype(np.int64), columns[1]))
    texts = [shop.corrected(judged.text) for judged in queries]
    return TrainingSet(product_texts(shop), texts, lists, _recall(shop, texts))


def made_lessons(data: Path, seed: int) -> Lessons:
    """Queries made from DATA's own products."""
    shop = JudgedShop.open(data, reranked=False)
    titles = [shop.snapshot.products.product(row).title for row in range(len(shop.snapshot.products))]
    made = make_queries(titles, _MADE_QUERIES, np.random.default_rng(seed))
    recall = _recall(shop, [query for query, _ in made])
    judged = judge(titles, made, recall)
    training = [each for each in judged.judged if not trains_ranker(judged.queries[each.query])]
    others = [each for each in judged.judged if trains_ranker(judged.queries[each.query])][:MAX_QUERIES]
    held_out = [_judged_query(shop, judged.queries[each.query], each) for each in others]
    return Lessons(shop, TrainingSet(product_texts(shop), judged.queries, training, recall), held_out)


def _judged_query(shop: JudgedShop, text: str, judged: JudgedList) -> JudgedQuery:
    product_ids = shop.snapshot.products.product_ids(judged.rows)
    return JudgedQuery(text, text, dict(zip(product_ids, judged.grades.tolist(), strict=True)))


def product_texts(shop: JudgedShop) -> list[str]:
    """The encoder's text of each product, by row."""
    products = shop.snapshot.products
    return [product_text_of(products.product(row)) for row in range(len(products))]


def _recall(shop: JudgedShop, queries: Sequence[str]) -> Callable[[int], NDArray[np.int64]]:
    return lambda place: np.asarray(shop.recall(queries[place]).rows, np.int64)
