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
from services.reranker.training.ranks import part_of


@dataclass(frozen=True, slots=True)
class Counts:
    """What losses are means over: numbers of a whole batch, of which a rank may have a part."""

    lists: int
    useful_lists: int  # with a grade above 0
    products: int

    @classmethod
    def of(cls, lists: Sequence[JudgedList]) -> Counts:
        """The counts of a whole batch."""
        useful = sum(bool((judged.grades > 0).any()) for judged in lists)
        return cls(len(lists), useful, sum(map(len, lists)))


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets for the scores of b lists of up to n products."""

    grades: Tensor  # (b, n)
    mask: Tensor  # (b, n): not padding
    teacher_scores: Tensor | None  # (b, n); None unless all lists have them
    counts: Counts

    @classmethod
    def of(cls, lists: Sequence[JudgedList], whole: Sequence[JudgedList] | None = None) -> Targets:
        """The targets of lists, padded to the longest. `whole` is the batch they are a part of."""
        counts = torch.tensor([len(judged) for judged in lists])
        teacher = [judged.teacher_scores for judged in lists if judged.teacher_scores is not None]
        return cls(
            torch.from_numpy(_padded([judged.grades for judged in lists])),
            torch.arange(int(counts.max())) < counts.unsqueeze(1),
            torch.from_numpy(_padded(teacher)) if len(teacher) == len(lists) else None,
            Counts.of(lists if whole is None else whole),
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
) -> Iterator[Batch | None]:
    """All lists once in random order, `size` at a time: this rank's part of each batch.

    None if the part is empty. A longer list is sampled to `longest` products, anew each time.
    """
    order = generator.permutation(len(lists))
    for start in range(0, len(order), size):
        chosen = [lists[place].sampled(longest, generator) for place in order[start : start + size]]
        part = part_of(chosen)
        yield make_batch(part, corpus, chosen) if part else None


def make_batch(
    lists: Sequence[JudgedList], corpus: Corpus, whole: Sequence[JudgedList] | None = None
) -> Batch:
    """A batch of `lists`, padded. `whole` is the batch that they are a part of."""
    queries = np.array([judged.query for judged in lists])
    rows, _ = joined([judged.rows for judged in lists])
    return Batch(
        *corpus.queries.padded(queries),
        *corpus.products.padded(rows),
        torch.from_numpy(corpus.queries.vectors[queries]),
        torch.from_numpy(corpus.products.vectors[rows]),
        Targets.of(lists, whole),
    )


def _padded(columns: Sequence[np.ndarray]) -> Matrix:
    return joined(columns)[0].astype(np.float32, copy=False)
