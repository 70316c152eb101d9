"""Training data of the towers from judgments, split by query."""

import hashlib

from services.reranker.training.split import trains_ranker
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_set import JudgedSet
from services.training.judged_shop import JudgedShop
from services.training.lessons import product_texts
from services.training.quality import MAX_QUERIES
from services.training.towers.lessons import TowerLessons, Wanted
from shared.metrics import RELEVANT_GRADE

_STOPPING_SHARE = 10  # 1 in 10 queries decides when training ends


def judged_tower_lessons(shop: JudgedShop, judged_set: JudgedSet) -> TowerLessons:
    """Queries that train the ranker measure the towers.

    The others train them or decide when to stop.
    """
    others = [judged for judged in judged_set.queries if not trains_ranker(judged.text)]
    wanted = [(judged.text, _wanted(shop, judged)) for judged in others]
    known = [(text, each) for text, each in wanted if each.weights]
    return TowerLessons(
        name=judged_set.name,
        products=product_texts(shop),
        training=[each for text, each in known if not _ends_training(text)],
        stopping=[each for text, each in known if _ends_training(text)],
        recall=lambda query: shop.recall(query).rows.tolist(),
        held_out=[judged for judged in judged_set.queries if trains_ranker(judged.text)][:MAX_QUERIES],
    )


def _wanted(shop: JudgedShop, judged: JudgedQuery) -> Wanted:
    """Products with a good grade weigh their gain 2^grade - 1.

    Those with a low grade are no negatives.
    """
    weights: dict[int, float] = {}
    known: set[int] = set()
    for row, grade in zip(shop.rows(list(judged.grades)), judged.grades.values(), strict=True):
        if row is not None and grade >= RELEVANT_GRADE:
            weights[row] = 2**grade - 1
        elif row is not None and grade > 0:
            known.add(row)
    return Wanted(shop.corrected(judged.text), weights, frozenset(known))


def _ends_training(query: str) -> bool:
    """The same on every machine."""
    digest = hashlib.blake2b(f"towers {query.strip().lower()}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") % _STOPPING_SHARE == 0
