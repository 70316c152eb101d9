"""Teachers: cross-encoders that grade the products of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.reranker.cross_encoder import CrossEncoderModel, model_file
from services.reranker.query import Matrix
from services.training.adapting.score_store import ScoreStore
from shared.artifacts import sha256
from shared.cores import core_count
from shared.errors import NotFound
from shared.product_text import MAX_TOKENS

_BATCH = 8
_FOLDER = "models"  # of DATA, where `aisle models fetch` puts them


@dataclass(frozen=True)
class Teacher:
    """A cross-encoder whose scores are kept. `name` tells its weights from others."""

    name: str
    model: CrossEncoderModel
    store: ScoreStore

    @classmethod
    def open(cls, folder: Path, store: ScoreStore) -> Teacher:
        """Open the cross-encoder in FOLDER. Raises NotFound or Corrupt, naming the file."""
        model = CrossEncoderModel.open(folder, "int8", core_count(), MAX_TOKENS)
        return cls(sha256(model_file(folder)), model, store)

    def score(self, query: str, texts: Sequence[str]) -> Matrix:
        """Scores (n,) of products by their texts, from the store where it has them."""
        known = self.store.known(self.name, query, texts)
        if missing := sorted({*texts} - known.keys(), key=lambda text: (len(text), text)):
            batches = (missing[start : start + _BATCH] for start in range(0, len(missing), _BATCH))
            scores = np.concatenate([self.model.score(query, batch) for batch in batches])
            new = dict(zip(missing, map(float, scores), strict=True))
            self.store.add(self.name, query, new)
            known |= new
        return np.array([known[text] for text in texts], np.float32)


def teacher_folder(data: Path, name: str) -> Path:
    """The folder of a teacher: a path, or the name of one that was fetched into DATA.

    Raises NotFound with the command that fetches it.
    """
    for folder in (Path(name), data / _FOLDER / name):
        if folder.is_dir():
            return folder
    raise NotFound(f"there is no teacher {name}: fetch it with 'aisle models fetch {name} --data {data}'")
