"""The student: heads and block, and optionally the encoder.

It is trained on judged lists and teacher scores.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from services.reranker.training.arrays import Matrix
from services.reranker.training.batch import Batch, Targets, batches, make_batch
from services.reranker.training.encodings import Corpus
from services.reranker.training.heads import Heads, best_similarities, maxsim
from services.reranker.training.interaction import BlockShape, InteractionBlock, QueryTokens
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.losses import listwise, margin_mse, pointwise
from services.reranker.training.steps import Steps
from services.reranker.training.trained_encoder import TrainedEncoder

_COSINE_SCALE = 20.0  # cosines lie in a narrow band; the losses need scores a few units apart
_SAMPLED_PRODUCTS = 1_500  # products whose hidden states give the principal axes
_REPORTED_STEPS = 50

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Report nothing: for all ranks but the first."""


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """Settings for training.

    The defaults do not change the encoder, and take minutes for 10,000 lists on two cores.
    """

    encoder_layers: int = 0  # layers of the encoder to train
    epochs: int = 3
    batch_lists: int = 16
    longest_list: int = 16
    learning_rate: float = 1e-3
    projection_rate: float = 0.1  # times the learning rate: the principal axes are good already
    encoder_rate: float = 5e-5
    list_share: float = 1.0  # weight of the block's list loss; MaxSim has only the list loss
    pointwise_share: float = 0.2
    vector_share: float = 0.5  # weight of the vectors' list loss, if the encoder is trained
    # Weight of the loss that keeps vectors in place, so that retrieval still works for other
    # catalogues
    anchor_share: float = 2.0
    teacher_share: float = 0.05
    bf16: bool | None = None  # of the encoder; None: if that is faster
    seed: int = 0


class Scores(NamedTuple):
    """A student's scores of a batch, each (b, n)."""

    maxsim: Tensor
    block: Tensor
    cosine: Tensor  # of the vectors


class Student(nn.Module):  # type: ignore[misc]
    """Scores a list in three ways: by late interaction alone, by the block, and by the vectors."""

    def __init__(self, shape: BlockShape, encoder: TrainedEncoder | None = None) -> None:
        """`encoder` makes the hidden states of the batches; None if it is not trained."""
        super().__init__()
        self.shape = shape
        self.encoder = encoder
        self.heads = Heads(shape.hidden, shape.state)
        self.block = InteractionBlock(shape)

    def forward(self, batch: Batch) -> Scores:
        """See Scores."""
        query_states = self.heads.states(batch.query_hidden)
        product_states = self.heads.states(batch.product_hidden)
        weights = self.heads.token_weights(batch.query_hidden) * batch.query_mask
        late = maxsim(best_similarities(query_states, product_states, batch.product_mask), weights)
        query = QueryTokens(batch.query_hidden, query_states, weights, batch.query_mask)
        block = self.block(query, product_states, batch.product_mask)
        return Scores(late, block, torch.einsum("bd,bnd->bn", *vectors_of(batch)))


def vectors_of(batch: Batch) -> tuple[Tensor, Tensor]:
    """Unit-norm means over the tokens: queries (b, width) and products (b, n, width)."""
    return _mean(batch.query_hidden, batch.query_mask), _mean(batch.product_hidden, batch.product_mask)


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    return functional.normalize((hidden * mask.unsqueeze(-1)).sum(dim=-2), dim=-1)


def train_student(  # noqa: PLR0913 - the parts of a training
    lists: Sequence[JudgedList],
    corpus: Corpus,
    shape: BlockShape,
    settings: StudentSettings,
    report: Report = silent,
    encoder: TrainedEncoder | None = None,
) -> Student:
    """Train a student on `lists`. Calls `report` with the mean loss every _REPORTED_STEPS steps.

    `encoder` is the encoder of the corpus; None if it is not trained.
    """
    torch.manual_seed(settings.seed)
    generator = np.random.default_rng(settings.seed)
    student = Student(shape, encoder)
    student.heads.begin_with_principal_axes(_sample(corpus, lists, generator))
    count = settings.epochs * math.ceil(len(lists) / settings.batch_lists)
    steps = Steps(_groups(student, settings), count)
    losses: list[float] = []
    for _ in range(settings.epochs):
        for batch in batches(lists, corpus, settings.batch_lists, settings.longest_list, generator):
            losses.append(steps.take(None if batch is None else _batch_loss(student, batch, settings)))
            if len(losses) % _REPORTED_STEPS == 0:
                mean = np.mean(losses[-_REPORTED_STEPS:])
                report(f"student: step {len(losses)} of {count}, loss {mean:.3f}")
    student.eval()
    return student


@torch.no_grad()  # type: ignore[untyped-decorator]
def scores(student: Student, judged: JudgedList, corpus: Corpus) -> tuple[Matrix, Matrix]:
    """MaxSim and block scores (n,) of one list."""
    found = student(make_batch([judged], corpus))
    return found.maxsim[0].numpy(), found.block[0].numpy()


def _batch_loss(student: Student, batch: Batch, settings: StudentSettings) -> Tensor:
    loss = _loss(student(batch), batch.targets, settings)
    return loss if student.encoder is None else loss + settings.anchor_share * _drift(batch)


def _loss(found: Scores, targets: Targets, settings: StudentSettings) -> Tensor:
    late = _COSINE_SCALE * found.maxsim
    grades, mask, counts = targets.grades, targets.mask, targets.counts
    useful = counts.useful_lists
    loss = listwise(late, grades, mask, useful)
    loss = loss + settings.list_share * listwise(found.block, grades, mask, useful)
    loss = loss + settings.pointwise_share * pointwise(found.block, grades, mask, counts.products)
    if found.cosine.requires_grad:
        loss = loss + settings.vector_share * listwise(_COSINE_SCALE * found.cosine, grades, mask, useful)
    if targets.teacher_scores is None:
        return loss
    margins = margin_mse(late, targets.teacher_scores, mask, counts.lists)
    margins = margins + margin_mse(found.block, targets.teacher_scores, mask, counts.lists)
    return loss + settings.teacher_share * margins


def _drift(batch: Batch) -> Tensor:
    """How far vectors have moved in training: the means of 1 - cosine, of queries plus products."""
    queries, products = vectors_of(batch)
    counts = batch.targets.counts
    of_queries = 1 - (queries * batch.query_anchors).sum(dim=-1)
    of_products = (1 - (products * batch.product_anchors).sum(dim=-1))[batch.targets.mask]
    return of_queries.sum() / counts.lists + of_products.sum() / counts.products


def _groups(student: Student, settings: StudentSettings) -> list[dict[str, Any]]:
    """The parameters that learn, with their highest rates."""
    rate = settings.learning_rate
    groups: list[dict[str, Any]] = [
        {"params": list(student.heads.parameters()), "lr": rate * settings.projection_rate},
        {"params": list(student.block.parameters()), "lr": rate},
    ]
    if student.encoder is not None:
        learning = [each for each in student.encoder.parameters() if each.requires_grad]
        groups.append({"params": learning, "lr": settings.encoder_rate})
    return groups


@torch.no_grad()  # type: ignore[untyped-decorator]
def _sample(corpus: Corpus, lists: Sequence[JudgedList], generator: np.random.Generator) -> Matrix:
    """Hidden states (n, width) of sampled products."""
    rows = np.unique(np.concatenate([judged.rows for judged in lists]))
    chosen = generator.choice(rows, min(_SAMPLED_PRODUCTS, len(rows)), replace=False)
    hidden, mask = corpus.products.padded(chosen)
    sample: Matrix = hidden[mask].numpy()
    return sample
