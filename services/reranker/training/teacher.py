"""The teacher: a six-layer cross-encoder that reads query and product together. Slow, and never served."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from services.reranker.training.encodings import Matrix
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.losses import listwise, pointwise
from services.reranker.training.student import Report


@dataclass(frozen=True, slots=True)
class TeacherSettings:
    """How to train; it stops after one epoch or `minutes`, whichever is sooner."""

    layers: tuple[int, ...] = (0, 1, 2, 3, 4, 5)  # of the encoder; (0, 3) is the two-layer student for comparison
    max_tokens: int = 64
    batch_lists: int = 8
    longest_list: int = 10
    learning_rate: float = 4e-5
    head_rate: float = 25.0  # times the learning rate: it begins at random
    minutes: float = 15.0
    seed: int = 0


class CrossEncoder(nn.Module):  # type: ignore[misc]
    """BERT over "[CLS] query [SEP] product [SEP]", and a score from its first token (Nogueira & Cho, 2019)."""

    def __init__(self, folder: Path, settings: TeacherSettings) -> None:
        """Starts from the encoder in FOLDER; word embeddings stay as they are."""
        from transformers import BertModel

        super().__init__()
        self.bert = BertModel.from_pretrained(str(folder), add_pooling_layer=False)
        self.bert.encoder.layer = nn.ModuleList([self.bert.encoder.layer[place] for place in settings.layers])
        self.bert.embeddings.requires_grad_(False)
        self.head = nn.Linear(self.bert.config.hidden_size, 1)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(settings.max_tokens, strategy="longest_first")
        self._tokenizer.enable_padding()

    def forward(self, queries: Sequence[str], texts: Sequence[str]) -> Tensor:
        """Scores (n,) of pairs."""
        pairs = self._tokenizer.encode_batch(list(zip(queries, texts, strict=True)))
        columns = ([pair.ids for pair in pairs], [pair.attention_mask for pair in pairs], [p.type_ids for p in pairs])
        ids, mask, kinds = (torch.tensor(column) for column in columns)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.bert(ids, attention_mask=mask, token_type_ids=kinds)[0]
        return self.head(hidden[:, 0].float()).squeeze(-1)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def score(self, query: str, texts: Sequence[str]) -> Matrix:
        """Scores (n,) of product texts for a query."""
        scores: Matrix = self([query] * len(texts), texts).numpy()
        return scores


@dataclass(frozen=True, slots=True)
class Texts:
    """What the places and rows of judged lists mean."""

    queries: Sequence[str]
    products: Sequence[str]


def train_teacher(
    lists: Sequence[JudgedList], texts: Texts, folder: Path, settings: TeacherSettings, report: Report = print
) -> CrossEncoder:
    """One epoch at most, from the encoder in FOLDER; list loss and pointwise loss, as the student."""
    torch.manual_seed(settings.seed)
    model = CrossEncoder(folder, settings)
    generator, began = np.random.default_rng(settings.seed), time.monotonic()
    optimiser = _optimiser(model, settings)
    order = generator.permutation(len(lists))
    for step, start in enumerate(range(0, len(order), settings.batch_lists)):
        spent = max((time.monotonic() - began) / (60 * settings.minutes), start / len(order))
        if spent >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * min(1.0, (step + 1) / 30) * (1 - spent)
        places = order[start : start + settings.batch_lists]
        chosen = [lists[place].sampled(settings.longest_list, generator) for place in places]
        loss = _step(model, chosen, texts, optimiser)
        if step % 50 == 0:
            report(f"teacher: step {step}, {spent:.0%} of its time, loss {loss:.3f}")
    model.eval()
    return model


def with_teacher_scores(lists: Sequence[JudgedList], texts: Texts, teacher: CrossEncoder) -> list[JudgedList]:
    """The lists with the teacher's score of each product."""
    return [
        replace(
            judged, teacher_scores=teacher.score(texts.queries[judged.query], [texts.products[r] for r in judged.rows])
        )
        for judged in lists
    ]


def _step(model: CrossEncoder, lists: Sequence[JudgedList], texts: Texts, optimiser: torch.optim.Optimizer) -> float:
    pairs = [(texts.queries[judged.query], texts.products[row]) for judged in lists for row in judged.rows]
    scores = model([query for query, _ in pairs], [text for _, text in pairs])
    counts = [len(judged) for judged in lists]
    padded = nn.utils.rnn.pad_sequence(torch.split(scores, counts), batch_first=True)
    grades = nn.utils.rnn.pad_sequence([torch.from_numpy(judged.grades) for judged in lists], batch_first=True)
    mask = torch.arange(padded.shape[1]) < torch.tensor(counts).unsqueeze(1)
    loss = listwise(padded, grades, mask) + pointwise(padded, grades, mask)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _optimiser(model: CrossEncoder, settings: TeacherSettings) -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [
        {"params": list(model.bert.encoder.parameters()), "lr": settings.learning_rate},
        {"params": list(model.head.parameters()), "lr": settings.learning_rate * settings.head_rate},
    ]
    for group in groups:
        group["initial_lr"] = group["lr"]
    return torch.optim.AdamW(groups, weight_decay=0.01)
