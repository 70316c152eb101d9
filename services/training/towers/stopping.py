"""Decides when training ends: whether later queries find the wanted products by vectors alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import TrainerCallback

from services.training.towers.lessons import TowerLessons

_MOST_QUERIES = 600
_MOST_PRODUCTS = 4_000

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class StoppingQueries(BaseEvaluator):  # type: ignore[misc]
    """MRR of the wanted products among products of the catalogue; each query counts the same."""

    primary_metric = "mrr"

    def __init__(self, parts: Sequence[TowerLessons], seed: int) -> None:
        super().__init__()
        generator = np.random.default_rng(seed)
        self._parts = [_Part(part, generator) for part in parts if part.stopping]

    def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
        """See BaseEvaluator."""

        def encode(texts: Sequence[str]) -> NDArray[np.float32]:
            found: NDArray[np.float32] = model.encode(list(texts), normalize_embeddings=True)
            return found

        values = [value for part in self._parts for value in part.values(encode)]
        return {"mrr": float(np.mean(values)) if values else 0.0}


class _Part:
    """Sampled queries of a catalogue, their wanted products, and other products."""

    def __init__(self, part: TowerLessons, generator: np.random.Generator) -> None:
        chosen = generator.permutation(len(part.stopping))[:_MOST_QUERIES]
        wanted = [part.stopping[place] for place in chosen]
        rows = list(dict.fromkeys(row for each in wanted for row in each.weights))
        rest = np.setdiff1d(np.arange(len(part.products)), rows)
        others = generator.permutation(rest).tolist()
        rows += others[: max(0, _MOST_PRODUCTS - len(rows))]
        columns = {row: column for column, row in enumerate(rows)}
        self._queries = [each.text for each in wanted]
        self._products = [part.products[row] for row in rows]
        self._wanted = [[columns[row] for row in each.weights] for each in wanted]

    def values(self, encode: Encode) -> list[float]:
        """The reciprocal rank of each query."""
        scores = encode(self._queries) @ encode(self._products).T
        best = [scores[place, columns].max() for place, columns in enumerate(self._wanted)]
        ranks = 1 + (scores > np.array(best)[:, None]).sum(axis=1)
        values: list[float] = (1 / ranks).tolist()
        return values


class KeepBest(TrainerCallback):  # type: ignore[misc]
    """Keeps the best weights; ends training after `patience` evaluations without gain."""

    def __init__(self, model: Any, patience: int) -> None:
        self._model = model
        self._patience = patience
        self._waited = 0
        self.history: list[tuple[int, float]] = []  # steps, MRR
        self.best_steps = 0
        self._best: dict[str, Any] = {}
        self._best_value = -1.0

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        """See TrainerCallback."""
        value = float(metrics["eval_mrr"])
        self.history.append((int(state.global_step), value))
        if value > self._best_value:
            self._best_value = value
            self.best_steps = int(state.global_step)
            self._best = {name: tensor.clone() for name, tensor in self._model.state_dict().items()}
            self._waited = 0
            return
        self._waited += 1
        control.should_training_stop = self._waited >= self._patience

    def restore(self) -> None:
        """Load the best weights into the model."""
        if self._best:
            self._model.load_state_dict(self._best)
