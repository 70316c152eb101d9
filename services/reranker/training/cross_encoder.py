"""Cross-encoders, which read query and product together: the six-layer teacher, and small ones."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from services.reranker.training.batch import Targets
from services.reranker.training.judged_list import JudgedList
from services.reranker.training.losses import listwise, margin_mse, pointwise
from services.reranker.training.precision import bf16_is_faster
from services.reranker.training.student import Report
from shared.models.bundle import CROSS_ENCODER, TOKENIZER

ALL_LAYERS = (0, 1, 2, 3, 4, 5)
_SCORED_LISTS = 32  # lists scored at a time
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True, slots=True)
class CrossEncoderSettings:
    """Settings for training, which stops after one epoch or `minutes`, whichever comes first."""

    # Layers to keep of the initial encoder; (0, 3) gives a two-layer student
    layers: tuple[int, ...] = ALL_LAYERS
    max_tokens: int = 64
    batch_lists: int = 16
    longest_list: int = 12
    learning_rate: float = 5e-5
    head_rate: float = 20.0  # times the learning rate: the head begins at random
    list_share: float = 0.3
    teacher_share: float = 0.05
    minutes: float = 30.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts behind the places and rows of judged lists."""

    queries: Sequence[str]
    products: Sequence[str]


class CrossEncoder(nn.Module):  # type: ignore[misc]
    """BERT over "[CLS] query [SEP] product [SEP]", with a score from its pooled output.

    Nogueira & Cho, "Passage Re-ranking with BERT" (2019).
    """

    def __init__(self, folder: Path, settings: CrossEncoderSettings) -> None:
        """Begins with the encoder in FOLDER; word embeddings are not trained."""
        from transformers import BertForSequenceClassification

        super().__init__()
        self.model = BertForSequenceClassification.from_pretrained(
            str(folder), num_labels=1, attn_implementation="eager"
        ).eval()  # without dropout
        encoder = self.model.bert.encoder
        encoder.layer = nn.ModuleList([encoder.layer[place] for place in settings.layers])
        self.model.config.num_hidden_layers = len(settings.layers)
        self.model.bert.embeddings.requires_grad_(False)
        self._folder = folder
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(settings.max_tokens, strategy="longest_first")
        self._tokenizer.enable_padding()

    def forward(self, queries: Sequence[str], texts: Sequence[str]) -> Tensor:
        """Scores (n,) of pairs."""
        pairs = self._tokenizer.encode_batch(list(zip(queries, texts, strict=True)))
        columns = (
            [pair.ids for pair in pairs],
            [pair.attention_mask for pair in pairs],
            [p.type_ids for p in pairs],
        )
        ids, mask, kinds = (torch.tensor(column) for column in columns)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_faster()):
            pooled = self.model.bert(ids, attention_mask=mask, token_type_ids=kinds).pooler_output
        return self.model.classifier(pooled.float()).squeeze(-1)

    def save(self, folder: Path) -> None:
        """Write a folder that sentence-transformers' CrossEncoder and transformers read."""
        from transformers import AutoTokenizer

        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(str(folder))
        AutoTokenizer.from_pretrained(str(self._folder)).save_pretrained(str(folder))

    def export(self, folder: Path) -> None:
        """Write FOLDER/cross_encoder.onnx with its tokenizer.json, which the reranker serves."""
        example = torch.ones(2, 8, dtype=torch.long)
        axes = {name: {0: "n", 1: "t"} for name in _INPUTS}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter itself
            torch.onnx.export(
                _Scores(self.model),
                (example, example, 0 * example),
                str(folder / CROSS_ENCODER),
                input_names=list(_INPUTS),
                output_names=["score"],
                dynamic_axes=axes,
                opset_version=17,
                dynamo=False,
            )
        Tokenizer.from_file(str(self._folder / TOKENIZER)).save(str(folder / TOKENIZER))


class _Scores(nn.Module):  # type: ignore[misc]
    """One score per pair, with positional arguments for the exporter."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor, kinds: Tensor) -> Tensor:
        return self.model(input_ids=ids, attention_mask=mask, token_type_ids=kinds).logits[:, 0]


def is_kept(folder: Path) -> bool:
    """Whether a cross-encoder was saved to a folder."""
    return (folder / "model.safetensors").is_file()


def train_cross_encoder(
    lists: Sequence[JudgedList],
    texts: Texts,
    folder: Path,
    settings: CrossEncoderSettings,
    report: Report = print,
) -> CrossEncoder:
    """Train from the encoder in FOLDER, on judgments and on any teacher scores."""
    torch.manual_seed(settings.seed)
    model = CrossEncoder(folder, settings)
    generator = np.random.default_rng(settings.seed)
    began = time.monotonic()
    optimiser = _optimiser(model, settings)
    order = generator.permutation(len(lists))
    losses: list[float] = []
    for step, start in enumerate(range(0, len(order), settings.batch_lists)):
        spent = max((time.monotonic() - began) / (60 * settings.minutes), start / len(order))
        if spent >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * min(1.0, (step + 1) / 40) * (1 - spent)
        places = order[start : start + settings.batch_lists]
        chosen = [lists[place].sampled(settings.longest_list, generator) for place in places]
        losses.append(_step(model, chosen, texts, settings, optimiser))
        if step % 50 == 49:
            report(f"{_name(settings)}: step {step + 1}, {spent:.0%}, loss {np.mean(losses[-50:]):.3f}")
    return model


def with_teacher_scores(lists: Sequence[JudgedList], texts: Texts, teacher: CrossEncoder) -> list[JudgedList]:
    """The lists with the teacher's score of each product."""
    scored: list[JudgedList] = []
    for start in range(0, len(lists), _SCORED_LISTS):
        chunk = lists[start : start + _SCORED_LISTS]
        with torch.no_grad():
            scores = _scores(teacher, chunk, texts)
        scored += [replace(judged, teacher_scores=s.numpy()) for judged, s in zip(chunk, scores, strict=True)]
    return scored


def _scores(model: CrossEncoder, lists: Sequence[JudgedList], texts: Texts) -> Sequence[Tensor]:
    """Scores (n,) of each list's products."""
    pairs = [(texts.queries[judged.query], texts.products[row]) for judged in lists for row in judged.rows]
    together = model([query for query, _ in pairs], [text for _, text in pairs])
    scores: Sequence[Tensor] = torch.split(together, [len(judged) for judged in lists])
    return scores


def _name(settings: CrossEncoderSettings) -> str:
    return f"cross-encoder of {len(settings.layers)} layers"


def _step(
    model: CrossEncoder,
    lists: Sequence[JudgedList],
    texts: Texts,
    settings: CrossEncoderSettings,
    optimiser: torch.optim.Optimizer,
) -> float:
    scores = nn.utils.rnn.pad_sequence(_scores(model, lists, texts), batch_first=True)
    targets = Targets.of(lists)
    grades = targets.grades
    mask = targets.mask
    counts = targets.counts
    loss = pointwise(scores, grades, mask, counts.products)
    loss = loss + settings.list_share * listwise(scores, grades, mask, counts.useful_lists)
    if targets.teacher_scores is not None:
        loss = loss + settings.teacher_share * margin_mse(scores, targets.teacher_scores, mask, counts.lists)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _optimiser(model: CrossEncoder, settings: CrossEncoderSettings) -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [
        {"params": list(model.model.bert.parameters()), "lr": settings.learning_rate},
        {
            "params": list(model.model.classifier.parameters()),
            "lr": settings.learning_rate * settings.head_rate,
        },
    ]
    for group in groups:
        group["initial_lr"] = group["lr"]
    return torch.optim.AdamW(groups, weight_decay=0.01)
