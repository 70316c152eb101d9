"""The student: heads and block over frozen encodings, trained from judged lists and, if it has spoken, the teacher."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from services.reranker.training.batch import Batch, batches, make_batch
from services.reranker.training.encodings import Corpus, Encodings, Matrix
from services.reranker.training.heads import Heads, best_similarities, maxsim
from services.reranker.training.interaction import BlockShape, InteractionBlock, QueryTokens
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.losses import listwise, margin_mse, pointwise

_MAXSIM_SCALE = 20.0  # cosines lie in a narrow band; the losses want scores a few units apart
_PROJECTION_SAMPLE = 50_000  # hidden states from which the principal axes come

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """How to train; the defaults take a few minutes for 10,000 lists on two cores."""

    epochs: int = 3
    batch_lists: int = 16
    longest_list: int = 16
    learning_rate: float = 1e-3
    projection_rate: float = 0.1  # of the learning rate: the principal axes are good already
    teacher_share: float = 0.05
    pointwise_share: float = 0.2
    seed: int = 0


class Student(nn.Module):  # type: ignore[misc]
    """Scores a list twice: by late interaction alone, and by the block."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.shape = shape
        self.heads = Heads(shape.hidden, shape.state)
        self.block = InteractionBlock(shape)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """MaxSim (b, n) and block scores (b, n)."""
        query_states = self.heads.states(batch.query_hidden)
        product_states = self.heads.states(batch.product_hidden)
        weights = self.heads.token_weights(batch.query_hidden) * batch.query_mask
        met = maxsim(best_similarities(query_states, product_states, batch.product_mask), weights)
        query = QueryTokens(batch.query_hidden, query_states, weights, batch.query_mask)
        return met, self.block(query, product_states, batch.product_mask)


def train_student(
    lists: Sequence[JudgedList],
    corpus: Corpus,
    shape: BlockShape,
    settings: StudentSettings,
    report: Report = print,
) -> Student:
    """A student of `lists`; `report` hears the mean loss now and then."""
    torch.manual_seed(settings.seed)
    generator = np.random.default_rng(settings.seed)
    student = Student(shape)
    student.heads.begin_with_principal_axes(_sample(corpus.products, generator))
    steps = settings.epochs * math.ceil(len(lists) / settings.batch_lists)
    optimiser, schedule = _optimiser(student, settings, steps)
    losses: list[float] = []
    for _ in range(settings.epochs):
        for batch in batches(lists, corpus, settings.batch_lists, settings.longest_list, generator):
            losses.append(_step(student, batch, settings, optimiser))
            schedule.step()
            if len(losses) % 100 == 0:
                report(f"student: step {len(losses)} of {steps}, loss {np.mean(losses[-100:]):.3f}")
    student.eval()
    return student


@torch.no_grad()  # type: ignore[untyped-decorator]
def scores(student: Student, judged: JudgedList, corpus: Corpus) -> tuple[Matrix, Matrix]:
    """MaxSim and block scores (n,) of one list."""
    met, block = student(make_batch([judged], corpus))
    return met[0].numpy(), block[0].numpy()


def _step(student: Student, batch: Batch, settings: StudentSettings, optimiser: torch.optim.Optimizer) -> float:
    optimiser.zero_grad()
    met, block = student(batch)
    loss = _loss(_MAXSIM_SCALE * met, batch, settings) + _loss(block, batch, settings)
    loss = loss + settings.pointwise_share * pointwise(block, batch.grades, batch.mask)
    loss.backward()
    nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _loss(scores: Tensor, batch: Batch, settings: StudentSettings) -> Tensor:
    loss = listwise(scores, batch.grades, batch.mask)
    if batch.teacher_scores is None:
        return loss
    return loss + settings.teacher_share * margin_mse(scores, batch.teacher_scores, batch.mask)


def _optimiser(
    student: Student, settings: StudentSettings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    rate = settings.learning_rate
    groups = [
        {"params": list(student.heads.parameters()), "lr": rate * settings.projection_rate},
        {"params": list(student.block.parameters()), "lr": rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    factors = lambda step: min((step + 1) / (0.05 * steps + 1), max(1 - step / steps, 0.02))  # noqa: E731
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, factors)


def _sample(products: Encodings, generator: np.random.Generator) -> Matrix:
    count = min(_PROJECTION_SAMPLE, len(products.hidden))
    return products.hidden[generator.choice(len(products.hidden), count, replace=False)].astype(np.float32)
