"""The layers over a query's tokens as nodes of the block's ONNX graph."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from shared.inference.graph_writer import GraphWriter

Weights = Mapping[str, NDArray[Any]]

_PREFIX = "own."


class QueryParts(NamedTuple):
    """The query as the block reads it, by names in the graph."""

    hidden: str  # (q, hidden)
    states: str  # (q, state), unit norm


def query_parts(g: GraphWriter, weights: Weights, layers: int, heads: int) -> QueryParts:
    """The query after the block's own layers over its tokens."""
    hidden, states = "query_hidden", "query_states"
    if not layers:
        return QueryParts(hidden, states)
    for place in range(layers):
        hidden = _layer(g, weights, f"{_PREFIX}layers.{place}.", hidden, heads)
    moved = g.add("Add", states, g.product(hidden, weights[f"{_PREFIX}moved.weight"]))
    return QueryParts(hidden, g.add("LpNormalization", moved, axis=-1, p=2))


def norm(g: GraphWriter, weights: Weights, name: str, inputs: str) -> str:
    """A layer norm over the last axis."""
    scale = g.constant(weights[f"{name}.weight"])
    bias = g.constant(weights[f"{name}.bias"])
    return g.add("LayerNormalization", inputs, scale, bias, axis=-1, epsilon=1e-5)


def _layer(g: GraphWriter, weights: Weights, prefix: str, hidden: str, heads: int) -> str:
    def linear(name: str, inputs: str) -> str:
        return g.linear(inputs, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])

    normed = norm(g, weights, f"{prefix}before", hidden)
    hidden_size = weights[f"{prefix}joined.bias"].size

    def by_head(name: str, axes: list[int]) -> str:
        parts = g.reshape(linear(name, normed), 0, heads, hidden_size // heads)
        return g.add("Transpose", parts, perm=axes)

    asked, key, value = by_head("asked", [1, 0, 2]), by_head("key", [1, 2, 0]), by_head("value", [1, 0, 2])
    logits = g.add("Mul", g.add("MatMul", asked, key), g.constant((heads / hidden_size) ** 0.5))
    mixed = g.add("MatMul", g.add("Softmax", logits, axis=-1), value)
    found = g.reshape(g.add("Transpose", mixed, perm=[1, 0, 2]), 0, hidden_size)
    hidden = g.add("Add", hidden, linear("joined", found))
    wide = g.add("Gelu", linear("wide", norm(g, weights, f"{prefix}between", hidden)))
    return g.add("Add", hidden, linear("narrow", wide))
