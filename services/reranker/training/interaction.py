"""The interaction block: the query's tokens attend to the precomputed states of a product."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.reranker.training.heads import best_similarities, maxsim


@dataclass(frozen=True, slots=True)
class BlockShape:
    """Sizes of the block; width and feed_forward set its cost."""

    hidden: int = 384  # of the encoder
    state: int = 128
    heads: int = 4
    width: int = 256
    feed_forward: int = 512


class InteractionBlock(nn.Module):
    """One layer in which keys and values are the product's states themselves, so that nothing of a product is projected.

    PreTTR (MacAvaney et al., SIGIR 2020) and MORES (Gao et al., EMNLP 2020), with what ESIM (Chen et al., ACL 2017)
    compares: a token, what it found, their product, and how near the nearest product token is.
    """

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.heads = shape.heads
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
        self.maxsim_share = nn.Parameter(torch.tensor(10.0))
        nn.init.zeros_(self.out.weight)  # begin as MaxSim
        nn.init.zeros_(self.pooled.weight)

    def forward(
        self,
        query_hidden: Tensor,
        query_states: Tensor,
        token_weights: Tensor,
        query_mask: Tensor,
        product_states: Tensor,
        product_mask: Tensor,
    ) -> Tensor:
        """(b, q, hidden), (b, q, state), (b, q), (b, q), (b, n, t, state), (b, n, t) -> (b, n)."""
        best = best_similarities(query_states, product_states, product_mask)
        found = self._attend(query_hidden, product_states, product_mask)
        meeting = torch.cat([found, found * query_states.unsqueeze(1), best.unsqueeze(-1)], dim=-1)
        mixed = self.before(self.token(query_hidden).unsqueeze(1) + self.compared(meeting))
        mixed = self.after(mixed + self.narrow(functional.gelu(self.wide(mixed))))
        share = self.pooled(mixed).squeeze(-1).masked_fill(~query_mask.unsqueeze(1), -1e4).softmax(dim=-1)
        pooled = (mixed * share.unsqueeze(-1)).sum(dim=2)
        return self.out(pooled).squeeze(-1) + self.maxsim_share * maxsim(best, token_weights)

    def _attend(self, query_hidden: Tensor, product_states: Tensor, product_mask: Tensor) -> Tensor:
        """What each query token finds in each product: (b, n, q, state)."""
        asked = functional.normalize(self.ask(query_hidden).unflatten(-1, (self.heads, -1)), dim=-1)
        parts = product_states.unflatten(-1, (self.heads, -1))
        logits = torch.einsum("bqhd,bnthd->bnhqt", asked, parts) * self.sharpness
        share = logits.masked_fill(~product_mask[:, :, None, None], -1e4).softmax(dim=-1)
        return torch.einsum("bnhqt,bnthd->bnqhd", share, parts).flatten(-2)
