"""Trains the towers with the trainer of sentence-transformers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import datasets
import numpy as np
import torch
import transformers
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import PrinterCallback, TrainerCallback

from services.embedding.model import EncoderSource
from services.reranker.training import ranks
from services.reranker.training.precision import bf16_is_faster
from services.reranker.training.student import silent
from services.training.towers.lessons import Drawn, TowerLessons, draw
from services.training.towers.loss import TowerLoss
from services.training.towers.settings import TowerSettings
from services.training.towers.stopping import KeepBest, StoppingQueries
from shared.errors import InvalidRequest

Report = Callable[[str], None]
LAYERS = "encoder.layer."  # prefix of the trained weights; word embeddings do not change


@dataclass(frozen=True)
class Trained:
    """The encoder with the weights that were best on later queries."""

    tensors: Mapping[str, NDArray[np.float16]]  # by their Hugging Face names
    pairs: int
    steps: int  # steps to the best weights; 0: none were better than the parent's
    history: Sequence[tuple[int, float]]  # steps, MRR by vectors alone


def train_towers(
    parts: Sequence[TowerLessons], source: EncoderSource, settings: TowerSettings, report: Report
) -> Trained:
    """Train on all parts together."""
    chosen = replace(settings, bf16=bf16_is_faster() if settings.bf16 is None else settings.bf16)
    drawn = draw(parts, chosen)
    report(f"{len(drawn)} pairs of {len(drawn.texts)} queries")
    if chosen.batch_pairs % ranks.count():
        reason = f"are {ranks.count()}, which does not divide a batch of {chosen.batch_pairs} pairs"
        raise InvalidRequest("ranks", f"{reason}; start 2 or 4 with torchrun --nproc-per-node")
    return ranks.together(_trained, drawn, StoppingQueries(parts, chosen.seed), source, chosen, report=report)


def _trained(
    drawn: Drawn,
    stopping: StoppingQueries,
    source: EncoderSource,
    chosen: TowerSettings,
    report: Report = silent,
) -> Trained:
    """Train as one of the ranks."""
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(chosen.threads)
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    model = open_model(source, chosen.dropout)
    loss = TowerLoss(model, copy.deepcopy(model), drawn, chosen)
    kept = KeepBest(model, chosen.patience)
    with TemporaryDirectory() as folder:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=_arguments(folder, len(drawn), chosen),
            train_dataset=_dataset(drawn),
            loss=loss,
            evaluator=stopping,
            callbacks=[kept, _ReportLogs(report)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    kept.restore()
    return Trained(_learnt(model), len(drawn), kept.best_steps, kept.history)


def open_model(source: EncoderSource, dropout: float) -> SentenceTransformer:
    """The encoder with the weights of the bundle. Only its layers are trained."""
    config = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    transformer = Transformer(
        str(source.files.folder), config_kwargs=config, max_seq_length=source.product_tokens
    )
    pooling = Pooling(source.files.architecture()["hidden_size"], "mean")
    model = SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu")
    bert = _bert(model)
    weights = {name: torch.from_numpy(tensor.copy()) for name, tensor in source.read().tensors.items()}
    bert.load_state_dict({name: weights[name] for name in bert.state_dict() if name in weights}, strict=False)
    bert.requires_grad_(False)
    bert.encoder.requires_grad_(True)
    return model


def _bert(model: SentenceTransformer) -> Any:
    return model[0].model


def _learnt(model: SentenceTransformer) -> dict[str, NDArray[np.float16]]:
    state = _bert(model).state_dict().items()
    return {name: tensor.numpy().astype(np.float16) for name, tensor in state if name.startswith(LAYERS)}


def _dataset(drawn: Drawn) -> Dataset:
    """One row per pair: query, product, its negatives, and the place of the pair."""
    columns = {
        "query": [drawn.texts[query] for query in drawn.queries],
        "product": [drawn.products[row] for row in drawn.rows],
    }
    for place, rows in enumerate(drawn.negatives.T):
        columns[f"negative_{place}"] = [drawn.products[row] for row in rows]
    return Dataset.from_dict({**columns, "label": list(range(len(drawn)))})


def _arguments(folder: str, pairs: int, settings: TowerSettings) -> SentenceTransformerTrainingArguments:
    steps = min(settings.most_steps, max(1, pairs // settings.batch_pairs))
    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=max(1, min(settings.batch_pairs, pairs) // ranks.count()),
        dataloader_drop_last=True,
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warm_up * steps),
        lr_scheduler_type="linear",
        weight_decay=settings.weight_decay,
        eval_strategy="steps",
        eval_steps=min(settings.eval_steps, steps),
        eval_on_start=True,
        save_strategy="no",
        logging_steps=min(settings.eval_steps, steps),
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=settings.seed,
        dataloader_pin_memory=False,
    )


class _ReportLogs(TrainerCallback):  # type: ignore[misc]
    """Reports the trainer's logs, one line each."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """See TrainerCallback."""
        names = [name for name in ("loss", "clicks", "anchor", "states", "eval_mrr") if name in logs]
        if names:
            values = ", ".join(f"{name.removeprefix('eval_')} {float(logs[name]):.4f}" for name in names)
            self._report(f"towers: step {state.global_step} of {state.max_steps}, {values}")
