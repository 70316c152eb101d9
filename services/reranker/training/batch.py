"""Several judged lists, padded to one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.reranker.training.arrays import Matrix, joined
from services.reranker.training.encodings import Corpus
from services.reranker.training.judged_list import JudgedList


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets for the scores of b lists of up to n products."""

    grades: Tensor  # (b, n)
    mask: Tensor  # (b, n): not padding
    teacher_scores: Tensor | None  # (b, n); None unless all lists have them

    @classmethod
    def of(cls, lists: Sequence[JudgedList]) -> Targets:
        """The targets of lists, padded to the longest."""
        counts = torch.tensor([len(judged) for judged in lists])
        teacher = [judged.teacher_scores for judged in lists if judged.teacher_scores is not None]
        return cls(
            torch.from_numpy(_padded([judged.grades for judged in lists])),
            torch.arange(int(counts.max())) < counts.unsqueeze(1),
            torch.from_numpy(_padded(teacher)) if len(teacher) == len(lists) else None,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """b lists of up to n products; q and t are the longest query and product in tokens."""

    query_hidden: Tensor  # (b, q, width)
    query_mask: Tensor  # (b, q)
    product_hidden: Tensor  # (b, n, t, width)
    product_mask: Tensor  # (b, n, t)
    query_anchors: Tensor  # (b, width): vectors before training
    product_anchors: Tensor  # (b, n, width)
    targets: Targets


def batches(
    lists: Sequence[JudgedList],
    corpus: Corpus,
    size: int,
    longest: int,
    generator: np.random.Generator,
) -> Iterator[Batch]:
    """All lists once in random order, `size` at a time.

    A longer list is sampled to `longest` products, anew each time.
    """
    order = generator.permutation(len(lists))
    for start in range(0, len(order), size):
        chosen = [lists[place].sampled(longest, generator) for place in order[start : start + size]]
        yield make_batch(chosen, corpus)


def make_batch(lists: Sequence[JudgedList], corpus: Corpus) -> Batch:
    """A batch of `lists`, padded."""
    queries = np.array([judged.query for judged in lists])
    rows, _ = joined([judged.rows for judged in lists])
    return Batch(
        *corpus.queries.padded(queries),
        *corpus.products.padded(rows),
        torch.from_numpy(corpus.queries.vectors[queries]),
        torch.from_numpy(corpus.products.vectors[rows]),
        Targets.of(lists),
    )


def _padded(columns: Sequence[np.ndarray]) -> Matrix:
    return joined(columns)[0].astype(np.float32, copy=False)
