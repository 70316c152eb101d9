"""Layers over the tokens of a query, so that a block can read it in its own way."""

from torch import Tensor, nn
from torch.nn import functional


class QueryLayer(nn.Module):  # type: ignore[misc]
    """A transformer layer over a query's tokens. It begins as the identity.

    Its cost does not depend on the number of products.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(hidden)
        self.asked = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.joined = nn.Linear(hidden, hidden)
        self.between = nn.LayerNorm(hidden)
        self.wide = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)
        for last in (self.joined, self.narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(b, q, hidden), with the mask (b, q) of real tokens -> the same."""
        normed = self.before(hidden)
        parts = [
            each(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for each in (self.asked, self.key, self.value)
        ]
        found = functional.scaled_dot_product_attention(*parts, attn_mask=mask[:, None, None].bool())
        hidden = hidden + self.joined(found.transpose(1, 2).flatten(-2))
        return hidden + self.narrow(functional.gelu(self.wide(self.between(hidden))))


class OwnReading(nn.Module):  # type: ignore[misc]
    """A query's hidden states and states, changed for one block. They begin unchanged."""

    def __init__(self, hidden: int, state: int, heads: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(QueryLayer(hidden, heads) for _ in range(layers))
        self.moved = nn.Linear(hidden, state, bias=False)
        nn.init.zeros_(self.moved.weight)

    def forward(self, hidden: Tensor, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, q, hidden) and (b, q, state), with the mask (b, q) -> the same; states of unit norm."""
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return hidden, functional.normalize(states + self.moved(hidden), dim=-1)
