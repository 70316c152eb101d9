"""The interaction block as an ONNX graph, written by hand so that the export needs only onnx."""

import onnx
from onnx import TensorProto

from services.reranker.training.interaction import (
    BEST_CENTRE,
    BEST_SCALE,
    BlockShape,
    InteractionBlock,
)
from services.reranker.training.query_layer_graph import QueryParts, Weights, norm, query_parts
from shared.inference.graph_writer import GraphWriter, Sizes

_FAR = -1e4  # logit of padding; finite, so that scores of a product without states are finite


def block_graph(block: InteractionBlock, shape: BlockShape) -> onnx.ModelProto:
    """One query (q tokens) and n products of t states: the graph that BlockModel serves.

    Inputs query_hidden (q, hidden), query_states (q, state), token_weights (q,), product_states (n,
    t, state) and product_mask (n, t) float32; output score (n,).
    """
    g = GraphWriter()
    weights = {name: tensor.detach().numpy() for name, tensor in block.state_dict().items()}
    # 0 for states, _FAR for padding
    padding = g.add("Mul", g.add("Sub", "product_mask", g.constant(1.0)), g.constant(-_FAR))
    query = query_parts(g, weights, shape.query_layers, shape.heads)
    best = _best(g, query.states, padding)
    found = _found(g, weights, query.hidden, shape, padding)
    mixed = _mixed(g, weights, query, best, found, shape)
    share = g.add("Softmax", g.linear(mixed, weights["pooled.weight"], weights["pooled.bias"]), axis=1)
    pooled = g.total(g.add("Mul", mixed, share), 1)
    learned = g.reshape(g.linear(pooled, weights["out.weight"], weights["out.bias"]), -1)
    late = g.add("Mul", _maxsim(g, best), g.constant(weights["maxsim_share"]))
    g.add("Add", learned, late, name="score")
    return _model(g, shape)


def _best(g: GraphWriter, query_states: str, padding: str) -> str:
    """(n, q): cosine to the nearest product token."""
    products = g.add("Transpose", "product_states", perm=[0, 2, 1])
    near = g.add("Add", g.add("MatMul", query_states, products), g.unsqueeze(padding, 1))
    nearest = g.add("ReduceMax", near, g.constant([2]), keepdims=0)
    return g.add("Max", nearest, g.constant(-1.0))


def _found(g: GraphWriter, weights: Weights, query_hidden: str, shape: BlockShape, padding: str) -> str:
    """(n, q, state): the product states that each query token attends to."""
    width = shape.state // shape.heads
    asked = g.reshape(
        g.linear(query_hidden, weights["ask.weight"], weights["ask.bias"]), -1, shape.heads, width
    )
    asked = g.add("LpNormalization", asked, axis=-1, p=2)
    sharp = g.add("Mul", asked, g.constant(weights["sharpness"].reshape(1, shape.heads, 1)))
    asked = g.add("Transpose", sharp, perm=[1, 0, 2])
    parts = g.reshape("product_states", 0, 0, shape.heads, width)
    logits = g.add("MatMul", asked, g.add("Transpose", parts, perm=[0, 2, 3, 1]))
    share = g.add("Softmax", g.add("Add", logits, g.unsqueeze(padding, 1, 2)), axis=-1)
    found = g.add("MatMul", share, g.add("Transpose", parts, perm=[0, 2, 1, 3]))
    return g.reshape(g.add("Transpose", found, perm=[0, 2, 1, 3]), 0, 0, -1)


def _mixed(  # noqa: PLR0913 - what is mixed
    g: GraphWriter, weights: Weights, query: QueryParts, best: str, found: str, shape: BlockShape
) -> str:
    """(n, q, width) after both layer norms."""
    common = g.add("Mul", g.add("Mul", found, query.states), g.constant(float(shape.state)))
    near = g.add("Mul", g.add("Sub", best, g.constant(BEST_CENTRE)), g.constant(BEST_SCALE))
    scaled = g.add("Mul", found, g.constant(shape.state**0.5))
    meeting = g.add("Concat", scaled, common, g.unsqueeze(near, 2), axis=2)
    token = g.linear(query.hidden, weights["token.weight"], weights["token.bias"])
    compared = g.linear(meeting, weights["compared.weight"], weights["compared.bias"])
    mixed = norm(g, weights, "before", g.add("Add", compared, token))
    wide = g.add("Gelu", g.linear(mixed, weights["wide.weight"], weights["wide.bias"]))
    narrow = g.linear(wide, weights["narrow.weight"], weights["narrow.bias"])
    return norm(g, weights, "after", g.add("Add", mixed, narrow))


def _maxsim(g: GraphWriter, best: str) -> str:
    """(n,): the mean of `best` (n, q), weighted by token_weights."""
    weighted = g.total(g.add("Mul", best, "token_weights"), 1)
    return g.add("Div", weighted, g.add("Max", g.total("token_weights", 0), g.constant(1e-6)))


def _model(g: GraphWriter, shape: BlockShape) -> onnx.ModelProto:
    sizes: dict[str, Sizes] = {
        "query_hidden": ("q", shape.hidden),
        "query_states": ("q", shape.state),
        "token_weights": ("q",),
        "product_states": ("n", "t", shape.state),
        "product_mask": ("n", "t"),
    }
    inputs = {name: (TensorProto.FLOAT, size) for name, size in sizes.items()}
    model = g.model("interaction_block", inputs, {"score": ("n",)})
    onnx.checker.check_model(model)
    return model
