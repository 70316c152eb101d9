"""The training loss: a softmax over a batch's products, and the distance from the old vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from services.reranker.training.ranks import count, rank, summed
from services.training.towers.lessons import Drawn
from services.training.towers.settings import TowerSettings

_FAR = -1e4  # score of a product that must not be a negative


class TowerLoss(nn.Module):  # type: ignore[misc]
    """For SentenceTransformerTrainer.

    Columns: query, product, negatives; labels: places of pairs. Products of all ranks are negatives.
    """

    def __init__(self, model: nn.Module, before: nn.Module, drawn: Drawn, settings: TowerSettings) -> None:
        """`before` is the initial model, which the vectors must stay near to."""
        super().__init__()
        self.model = model
        # In a list, so that the trainer does not treat it as a module to train
        self._before = [before.eval().requires_grad_(False)]
        self._drawn = drawn
        self._settings = settings
        self._popularity = torch.from_numpy(drawn.popularity() * settings.popularity_share)

    def forward(self, features: Iterable[dict[str, Tensor]], labels: Tensor) -> dict[str, Tensor]:
        """The terms of the loss. The trainer sums and reports them."""
        query, *products = features
        texts = [query, together(products)]
        with torch.autocast("cpu", torch.bfloat16, enabled=bool(self._settings.bf16)):
            new = [self.model(dict(each)) for each in texts]
            with torch.no_grad():
                old = [self._before[0](dict(each)) for each in texts]
        queries, own_rows = (each["sentence_embedding"].float() for each in new)
        rows = of_all_ranks(own_rows.unflatten(0, (len(products), -1))).flatten(0, 1)
        scores = self._settings.scale * queries @ rows.T
        first = rank() * len(queries)
        return {
            "clicks": in_batch(scores, *self._corrections(labels, first), first),
            "anchor": self._settings.anchor_share * vector_drift(new, old),
            "states": self._settings.state_share * state_drift(new, old),
        }

    def _corrections(self, labels: Tensor, first: int) -> tuple[Tensor, Tensor]:
        """The correction to subtract from each column (c,), and which scores (b, c) count.

        `first` is the column of the first query's own product.
        """
        drawn = self._drawn
        places = of_all_ranks(labels[None])[0].numpy()
        own = drawn.rows[places]
        columns = np.concatenate([own, *drawn.negatives[places].T])
        corrections = torch.zeros(len(columns))
        corrections[: len(own)] = self._popularity[own]
        counts = np.ones((len(labels), len(columns)), np.bool_)
        for place, query in enumerate(drawn.queries[labels.numpy()]):
            counts[place] = [row not in drawn.known[query] for row in columns.tolist()]
            counts[place, first + place] = True
        return corrections, torch.from_numpy(counts)


def together(columns: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Texts of several columns as one padded batch: large matrix products are faster."""
    width = max(each["input_ids"].shape[1] for each in columns)

    def padded(name: str) -> Tensor:
        return torch.cat([functional.pad(each[name], (0, width - each[name].shape[1])) for each in columns])

    names = [name for name, value in columns[0].items() if isinstance(value, Tensor)]
    return {**columns[0], **{name: padded(name) for name in names}}


def of_all_ranks(columns: Tensor) -> Tensor:
    """(k, b, ...) of this rank -> (k, ranks * b, ...) of all ranks in order, with gradients."""
    if count() == 1:
        return columns
    return torch.cat(distributed.nn.functional.all_gather(columns.contiguous()), dim=1)


def in_batch(scores: Tensor, corrections: Tensor, counts: Tensor, first: int = 0) -> Tensor:
    """Cross-entropy of each query's own product, which is in column `first` + the query's number.

    `scores` is (b, c); its first columns are the products of the pairs of all ranks. `corrections` (c,) has
    the log of their frequency, since a popular product is more often a negative (Yi et al., RecSys
    2019, equation 6). `counts` is (b, c).
    """
    corrected = (scores - corrections).masked_fill(~counts, _FAR)
    return functional.cross_entropy(corrected, first + torch.arange(len(scores)))


def vector_drift(new: list[dict[str, Tensor]], old: list[dict[str, Tensor]]) -> Tensor:
    """Mean of 1 - the cosine between new and old vector, over all texts."""
    after, before = (torch.cat([each["sentence_embedding"] for each in both]) for both in (new, old))
    return (1 - functional.cosine_similarity(after.float(), before.float())).mean()


def state_drift(new: list[dict[str, Tensor]], old: list[dict[str, Tensor]]) -> Tensor:
    """The same for the states of all tokens, which the heads and the block read.

    Ranks have different numbers of tokens. The trainer averages over ranks, and so the mean over all tokens
    is a sum here, by the tokens that a rank has on average.
    """
    after, before = (torch.cat([_states(each) for each in both]) for both in (new, old))
    tokens = float(summed(torch.tensor([float(len(after))]))) / count()
    return (1 - functional.cosine_similarity(after, before)).sum() / tokens


def _states(encoded: dict[str, Tensor]) -> Tensor:
    """(tokens, width): the states of all texts, without padding."""
    return encoded["token_embeddings"].float()[encoded["attention_mask"].bool()]
