"""What is minimised: a softmax over a batch's products, and the distance from the old vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from services.training.towers.lessons import Drawn
from services.training.towers.settings import TowerSettings

_FAR = -1e4  # the score of a product that is no negative


class TowerLoss(nn.Module):  # type: ignore[misc]
    """For SentenceTransformerTrainer: columns query, product, negatives; labels: places of pairs."""

    def __init__(self, model: nn.Module, before: nn.Module, drawn: Drawn, settings: TowerSettings) -> None:
        """`before` is the model as it was, to hold the vectors near."""
        super().__init__()
        self.model = model
        # In a list, so that the trainer does not take it for a part of what it trains
        self._before = [before.eval().requires_grad_(False)]
        self._drawn = drawn
        self._settings = settings
        self._popularity = torch.from_numpy(drawn.popularity() * settings.popularity_share)

    def forward(self, features: Iterable[dict[str, Tensor]], labels: Tensor) -> dict[str, Tensor]:
        """The terms; the trainer adds them up, and reports each."""
        query, *products = features
        texts = [query, together(products)]
        with torch.autocast("cpu", torch.bfloat16, enabled=bool(self._settings.bf16)):
            new = [self.model(dict(each)) for each in texts]
            with torch.no_grad():
                old = [self._before[0](dict(each)) for each in texts]
        queries, rows = (each["sentence_embedding"].float() for each in new)
        scores = self._settings.scale * queries @ rows.T
        return {
            "clicks": in_batch(scores, *self._corrections(labels.numpy())),
            "anchor": self._settings.anchor_share * vector_drift(new, old),
            "states": self._settings.state_share * state_drift(new, old),
        }

    def _corrections(self, places: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
        """What is taken off each column (c,), and which scores (b, c) count."""
        drawn = self._drawn
        own = drawn.rows[places]
        columns = np.concatenate([own, *drawn.negatives[places].T])
        taken_off = torch.zeros(len(columns))
        taken_off[: len(own)] = self._popularity[own]
        counts = np.ones((len(places), len(columns)), np.bool_)
        for place, query in enumerate(drawn.queries[places]):
            counts[place] = [row not in drawn.known[query] for row in columns.tolist()]
            counts[place, place] = True
        return taken_off, torch.from_numpy(counts)


def together(columns: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Texts of several columns as one batch, padded to one length: large products are faster."""
    width = max(each["input_ids"].shape[1] for each in columns)

    def padded(name: str) -> Tensor:
        return torch.cat([functional.pad(each[name], (0, width - each[name].shape[1])) for each in columns])

    names = [name for name, value in columns[0].items() if isinstance(value, Tensor)]
    return {**columns[0], **{name: padded(name) for name in names}}


def in_batch(scores: Tensor, taken_off: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of each query's own product, which is in the column of its number.

    (b, c) scores, of which the first b columns are the products of the pairs. From these the log of
    their frequency is taken off, since a popular product is a negative of others more often (Yi et
    al., RecSys 2019, equation 6).
    """
    corrected = (scores - taken_off).masked_fill(~counts, _FAR)
    return functional.cross_entropy(corrected, torch.arange(len(scores)))


def vector_drift(new: list[dict[str, Tensor]], old: list[dict[str, Tensor]]) -> Tensor:
    """1 - the cosine of each text's vector to what it was, over all texts."""
    after, before = (torch.cat([each["sentence_embedding"] for each in both]) for both in (new, old))
    return (1 - functional.cosine_similarity(after.float(), before.float())).mean()


def state_drift(new: list[dict[str, Tensor]], old: list[dict[str, Tensor]]) -> Tensor:
    """The same of the states of all tokens, which the heads and the block read."""
    after, before = (torch.cat([_states(each) for each in both]) for both in (new, old))
    return (1 - functional.cosine_similarity(after, before)).mean()


def _states(encoded: dict[str, Tensor]) -> Tensor:
    """(tokens, width) of all texts, without padding."""
    return encoded["token_embeddings"].float()[encoded["attention_mask"].bool()]
