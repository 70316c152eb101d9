"""The input of a training run."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.reranker.training.judged_list import JudgedList
from services.reranker.training.negatives import Recall


@dataclass(frozen=True)
class TrainingSet:
    """One catalogue with judged queries.

    Rows are places in `product_texts`, queries places in `queries`.
    """

    product_texts: Sequence[str]
    queries: Sequence[str]
    judged: Sequence[JudgedList]
    recall: Recall
