"""The heads on top of the encoder's last layer: token states, and weights of query tokens."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from services.reranker.training.arrays import Matrix


class Heads(nn.Module):  # type: ignore[misc]
    """states = l2norm(hidden W^T).

    The weight of a query token is softplus(hidden w^T + b), special tokens included.
    """

    def __init__(self, width: int, state_dim: int) -> None:
        super().__init__()
        self.state_projection = nn.Linear(width, state_dim, bias=False)
        self.token_weight = nn.Linear(width, 1)
        nn.init.zeros_(self.token_weight.weight)
        nn.init.constant_(self.token_weight.bias, 0.5)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def begin_with_principal_axes(self, hidden: Matrix) -> None:
        """Set the projection to the first principal axes of (n, width) hidden states, uncentred."""
        sample = hidden.astype(np.float64)
        _, axes = np.linalg.eigh(sample.T @ sample)
        count = self.state_projection.weight.shape[0]
        self.state_projection.weight.copy_(torch.from_numpy(axes[:, ::-1][:, :count].T.copy()))

    def states(self, hidden: Tensor) -> Tensor:
        """(..., t, width) -> (..., t, state_dim), unit norm."""
        return functional.normalize(self.state_projection(hidden), dim=-1)

    def token_weights(self, hidden: Tensor) -> Tensor:
        """(..., t, width) -> (..., t), above 0."""
        return functional.softplus(self.token_weight(hidden)).squeeze(-1)


def best_similarities(query_states: Tensor, product_states: Tensor, product_mask: Tensor) -> Tensor:
    """Cosine of each query token to its nearest product token.

    (b, q, d) and (b, n, t, d) with mask (b, n, t) -> (b, n, q).
    """
    similarities = torch.einsum("bqd,bntd->bnqt", query_states, product_states)
    return similarities.masked_fill(~product_mask.unsqueeze(2), -1.0).amax(dim=-1)


def maxsim(best: Tensor, token_weights: Tensor) -> Tensor:
    """sum_i w_i best_i / sum_i w_i: (b, n, q) and (b, q) -> (b, n) (Khattab & Zaharia, SIGIR 2020)."""
    total = token_weights.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    return torch.einsum("bnq,bq->bn", best, token_weights / total)
