"""The interaction block: the query's tokens attend to the precomputed states of a product."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.reranker.training.heads import best_similarities, maxsim
from services.reranker.training.query_layers import OwnReading

BEST_CENTRE = 0.6  # typical cosine of a token to its nearest product token
BEST_SCALE = 5.0
MAXSIM_SHARE = 15.0  # initial value


@dataclass(frozen=True, slots=True)
class BlockShape:
    """Sizes of the block; width and feed_forward determine its cost."""

    hidden: int = 384  # of the encoder
    state: int = 128
    heads: int = 4
    width: int = 256
    feed_forward: int = 512
    query_layers: int = 0  # over the query's tokens alone, in front of the block


class QueryTokens(NamedTuple):
    """b queries, padded to q tokens."""

    hidden: Tensor  # (b, q, hidden)
    states: Tensor  # (b, q, state), unit norm
    weights: Tensor  # (b, q), 0 for padding
    mask: Tensor  # (b, q)


class InteractionBlock(nn.Module):  # type: ignore[misc]
    """One attention layer whose keys and values are the product's states, without a projection.

    After PreTTR (MacAvaney et al., SIGIR 2020) and MORES (Gao et al., EMNLP 2020). As in ESIM (Chen
    et al., ACL 2017) it compares a token, the state it attends to, and the product of both. The
    cosine to the nearest product token is added.
    """

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.own = (
            OwnReading(shape.hidden, shape.state, shape.heads, shape.query_layers)
            if shape.query_layers
            else None
        )
        self.ask = nn.Linear(shape.hidden, shape.state)
        self.sharpness = nn.Parameter(torch.full((shape.heads, 1, 1), 8.0))
        self.token = nn.Linear(shape.hidden, shape.width)
        self.compared = nn.Linear(2 * shape.state + 1, shape.width)
        self.before = nn.LayerNorm(shape.width)
        self.wide = nn.Linear(shape.width, shape.feed_forward)
        self.narrow = nn.Linear(shape.feed_forward, shape.width)
        self.after = nn.LayerNorm(shape.width)
        self.pooled = nn.Linear(shape.width, 1)
        self.out = nn.Linear(shape.width, 1)
        self.maxsim_share = nn.Parameter(torch.tensor(MAXSIM_SHARE))
        nn.init.normal_(self.out.weight, std=0.01)  # begin near MaxSim
        nn.init.constant_(self.out.bias, -MAXSIM_SHARE * BEST_CENTRE)
        nn.init.zeros_(self.pooled.weight)

    def forward(self, query: QueryTokens, product_states: Tensor, product_mask: Tensor) -> Tensor:
        """States (b, n, t, state) and mask (b, n, t) of products -> scores (b, n)."""
        if self.own is not None:
            hidden, states = self.own(query.hidden, query.states, query.mask)
            query = query._replace(hidden=hidden, states=states)
        scale = product_states.shape[-1]  # elements of unit vectors are small; a layer norm follows
        best = best_similarities(query.states, product_states, product_mask)
        found = self._attend(query.hidden, product_states, product_mask)
        common = found * query.states.unsqueeze(1)
        compared = torch.cat(
            [scale**0.5 * found, scale * common, BEST_SCALE * (best - BEST_CENTRE).unsqueeze(-1)],
            dim=-1,
        )
        mixed = self.before(self.token(query.hidden).unsqueeze(1) + self.compared(compared))
        mixed = self.after(mixed + self.narrow(functional.gelu(self.wide(mixed))))
        share = self.pooled(mixed).squeeze(-1).masked_fill(~query.mask.unsqueeze(1), -1e4).softmax(dim=-1)
        pooled = (mixed * share.unsqueeze(-1)).sum(dim=2)
        return self.out(pooled).squeeze(-1) + self.maxsim_share * maxsim(best, query.weights)

    def _attend(self, query_hidden: Tensor, product_states: Tensor, product_mask: Tensor) -> Tensor:
        """(b, n, q, state): the product states that each query token attends to."""
        asked = functional.normalize(self.ask(query_hidden).unflatten(-1, (self.heads, -1)), dim=-1)
        parts = product_states.unflatten(-1, (self.heads, -1))
        logits = torch.einsum("bqhd,bnthd->bnhqt", asked, parts) * self.sharpness
        share = logits.masked_fill(~product_mask[:, :, None, None], -1e4).softmax(dim=-1)
        return torch.einsum("bnhqt,bnthd->bnqhd", share, parts).flatten(-2)
