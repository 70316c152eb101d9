"""What follows the transformer, as nodes: pooling, the modules after it, and the heads of a bundle.

Pooling as in Reimers and Gurevych 2019 (Sentence-BERT). Token states and MaxSim weights as in
Khattab and Zaharia 2020 (ColBERT).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from services.embedding.model import PROJECTION, TOKEN_BIAS, TOKEN_WEIGHT, DenseWeights, EncoderModel
from services.embedding.sentence_model import PLAIN_POOLING
from services.embedding.weights import Tensors
from shared.inference.graph_writer import GraphWriter, Sizes

SHAPES: dict[str, Sizes] = {
    "vector": ("n", "dim"),
    "hidden": ("n", "t", "width"),
    "states": ("n", "s", "state_dim"),
    "token_weights": ("n", "t"),
}
_LEAST = -1e30  # less than any token state


def build_heads(model: EncoderModel, outputs: Sequence[str], state_tokens: int | None) -> onnx.ModelProto:
    """The graph from `hidden` (n, t, width) and `mask` (n, t) to the outputs, without `hidden`.

    The outputs have the shapes of graph.build.
    """
    nodes = GraphWriter()
    wanted = [name for name in outputs if name != "hidden"]
    made = write_outputs(nodes, model, wanted, state_tokens)
    inputs = {
        name: (TensorProto.FLOAT, SHAPES["hidden"][: 3 - (name == "mask")]) for name in ("hidden", "mask")
    }
    return nodes.model("heads", inputs, {name: SHAPES[name] for name in made})


def write_outputs(
    nodes: GraphWriter, model: EncoderModel, outputs: Sequence[str], state_tokens: int | None
) -> list[str]:
    """Write what follows `hidden` (n, t, width) and `mask` (n, t).

    Returns the names of the outputs that have a head.
    """
    _vector(nodes, model)
    return [name for name in outputs if _head(nodes, model.heads, name, state_tokens)]


def _vector(nodes: GraphWriter, model: EncoderModel) -> None:
    sentence = model.sentence
    if sentence.pooling == PLAIN_POOLING and not model.dense:
        made = _masked_total(nodes)  # the mean and the sum have the same direction
    else:
        parts = [_pooled(nodes, mode) for mode in sentence.pooling]
        made = parts[0] if len(parts) == 1 else nodes.add("Concat", *parts, axis=-1)
    for layer in model.dense:
        made = _dense(nodes, layer, made)
    if sentence.dim:
        made = nodes.add("Slice", made, *map(nodes.constant, ([0], [sentence.dim], [-1])))
    nodes.unit_norm(made, name="vector")


def _masked_total(nodes: GraphWriter, weights: str = "mask") -> str:
    """The sum of the token states, (n, width)."""
    column = nodes.add("Unsqueeze", weights, nodes.constant([2]))
    return nodes.total(nodes.add("Mul", "hidden", column), 1)


def _pooled(nodes: GraphWriter, mode: str) -> str:
    """One vector of the token states, (n, width)."""
    if mode == "cls":
        return nodes.add("Gather", "hidden", nodes.constant(np.int64(0)), axis=1)
    if mode == "max":
        return _largest(nodes)
    if mode == "lasttoken":
        return _last(nodes)
    weights = "mask"
    if mode == "weightedmean":  # by the place of the token, from 1
        weights = nodes.add("Mul", "mask", nodes.add("CumSum", "mask", nodes.constant(np.int64(1))))
    count = nodes.add("ReduceSum", weights, nodes.constant([1]), keepdims=1)
    if mode == "mean_sqrt_len_tokens":
        count = nodes.add("Sqrt", count)
    return nodes.add("Div", _masked_total(nodes, weights), count)


def _largest(nodes: GraphWriter) -> str:
    padding = nodes.add("Sub", nodes.constant(1.0), "mask")
    padding = nodes.add("Mul", padding, nodes.constant(_LEAST))
    masked = nodes.add("Add", "hidden", nodes.unsqueeze(padding, 2))
    return nodes.add("ReduceMax", masked, nodes.constant([1]), keepdims=0)


def _last(nodes: GraphWriter) -> str:
    count = nodes.add("ReduceSum", "mask", nodes.constant([1]), keepdims=1)
    places = nodes.add("Cast", nodes.add("Sub", count, nodes.constant(1.0)), to=TensorProto.INT64)
    return nodes.add("GatherND", "hidden", places, batch_dims=1)


def _dense(nodes: GraphWriter, layer: DenseWeights, inputs: str) -> str:
    made = nodes.linear(inputs, layer.weight, layer.bias)
    return nodes.add(layer.activation, made) if layer.activation else made


def _head(nodes: GraphWriter, heads: Tensors, name: str, state_tokens: int | None) -> bool:
    if name == "states":
        return _states(nodes, heads.get(PROJECTION), state_tokens)
    if name == "token_weights":
        return _token_weights(nodes, heads.get(TOKEN_WEIGHT), heads.get(TOKEN_BIAS))
    return True


def _states(nodes: GraphWriter, projection: NDArray[Any] | None, state_tokens: int | None) -> bool:
    if projection is None:
        return False
    hidden = "hidden"
    if state_tokens is not None:
        hidden = nodes.add("Slice", hidden, *map(nodes.constant, ([0], [state_tokens], [1])))
    nodes.unit_norm(nodes.linear(hidden, projection), name="states")
    return True


def _token_weights(nodes: GraphWriter, weight: NDArray[Any] | None, bias: NDArray[Any] | None) -> bool:
    if weight is None or bias is None:
        return False
    logits = nodes.add("Squeeze", nodes.linear("hidden", weight, bias), nodes.constant([2]))
    nodes.add("Mul", nodes.add("Softplus", logits), "mask", name="token_weights")
    return True
