"""The interaction block as an ONNX graph, written by hand so that exporting needs nothing beside onnx."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.reranker.training.interaction import BEST_CENTRE, BEST_SCALE, BlockShape, InteractionBlock

_OPSET = 20  # the first with Gelu
_FAR = -1e4  # the logit of padding: finite, so that a product without states stays finite


@dataclass
class _Graph:
    """Nodes and constants written so far; every method gives the name of its result."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, value: Any, kind: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=kind), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def linear(self, x: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        return self.node("Add", self.node("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def reshape(self, x: str, *shape: int) -> str:
        return self.node("Reshape", x, self.constant(shape, np.int64))

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self.node("Unsqueeze", x, self.constant(axes, np.int64))

    def total(self, x: str, axis: int) -> str:
        return self.node("ReduceSum", x, self.constant([axis], np.int64), keepdims=0)


def block_graph(block: InteractionBlock, shape: BlockShape) -> onnx.ModelProto:
    """One query (q tokens) and n products of t states: the graph that BlockModel serves.

    Inputs query_hidden (q, hidden), query_states (q, state), token_weights (q,), product_states (n, t, state) and
    product_mask (n, t) float32; output score (n,).
    """
    g = _Graph()
    weights = {name: tensor.detach().numpy() for name, tensor in block.state_dict().items()}
    hidden_by = g.node("Mul", g.node("Sub", "product_mask", g.constant(1)), g.constant(-_FAR))  # 0, or far below
    met, found = _best(g, hidden_by), _found(g, weights, shape, hidden_by)
    mixed = _mixed(g, weights, met, found, shape)
    share = g.node("Softmax", g.linear(mixed, weights["pooled.weight"], weights["pooled.bias"]), axis=1)
    pooled = g.total(g.node("Mul", mixed, share), 1)
    learned = g.reshape(g.linear(pooled, weights["out.weight"], weights["out.bias"]), -1)
    late = g.node("Mul", _maxsim(g, met), g.constant(weights["maxsim_share"]))
    g.nodes.append(helper.make_node("Add", [learned, late], ["score"]))
    return _model(g, shape)


def _best(g: _Graph, hidden_by: str) -> str:
    """(n, q): cosine to the nearest product token."""
    products = g.node("Transpose", "product_states", perm=[0, 2, 1])
    near = g.node("Add", g.node("MatMul", "query_states", products), g.unsqueeze(hidden_by, 1))
    nearest = g.node("ReduceMax", near, g.constant([2], np.int64), keepdims=0)
    return g.node("Max", nearest, g.constant(-1))


def _found(g: _Graph, weights: dict[str, NDArray[Any]], shape: BlockShape, hidden_by: str) -> str:
    """(n, q, state): what each query token finds."""
    width = shape.state // shape.heads
    asked = g.reshape(g.linear("query_hidden", weights["ask.weight"], weights["ask.bias"]), -1, shape.heads, width)
    asked = g.node("LpNormalization", asked, axis=-1, p=2)
    sharp = g.node("Mul", asked, g.constant(weights["sharpness"].reshape(1, shape.heads, 1)))
    asked = g.node("Transpose", sharp, perm=[1, 0, 2])
    parts = g.node("Reshape", "product_states", g.constant([0, 0, shape.heads, width], np.int64))
    logits = g.node("MatMul", asked, g.node("Transpose", parts, perm=[0, 2, 3, 1]))
    share = g.node("Softmax", g.node("Add", logits, g.unsqueeze(hidden_by, 1, 2)), axis=-1)
    found = g.node("MatMul", share, g.node("Transpose", parts, perm=[0, 2, 1, 3]))
    return g.node("Reshape", g.node("Transpose", found, perm=[0, 2, 1, 3]), g.constant([0, 0, -1], np.int64))


def _mixed(g: _Graph, weights: dict[str, NDArray[Any]], met: str, found: str, shape: BlockShape) -> str:
    """(n, q, width) after both layer norms."""
    common = g.node("Mul", g.node("Mul", found, "query_states"), g.constant(shape.state))
    near = g.node("Mul", g.node("Sub", met, g.constant(BEST_CENTRE)), g.constant(BEST_SCALE))
    scaled = g.node("Mul", found, g.constant(shape.state**0.5))
    meeting = g.node("Concat", scaled, common, g.unsqueeze(near, 2), axis=2)
    token = g.linear("query_hidden", weights["token.weight"], weights["token.bias"])
    compared = g.linear(meeting, weights["compared.weight"], weights["compared.bias"])
    mixed = _norm(g, weights, "before", g.node("Add", compared, token))
    wide = g.node("Gelu", g.linear(mixed, weights["wide.weight"], weights["wide.bias"]))
    narrow = g.linear(wide, weights["narrow.weight"], weights["narrow.bias"])
    return _norm(g, weights, "after", g.node("Add", mixed, narrow))


def _norm(g: _Graph, weights: dict[str, NDArray[Any]], name: str, x: str) -> str:
    scale, bias = g.constant(weights[f"{name}.weight"]), g.constant(weights[f"{name}.bias"])
    return g.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)


def _maxsim(g: _Graph, met: str) -> str:
    """(n,)."""
    weighted = g.total(g.node("Mul", met, "token_weights"), 1)
    return g.node("Div", weighted, g.node("Max", g.total("token_weights", 0), g.constant(1e-6)))


def _model(g: _Graph, shape: BlockShape) -> onnx.ModelProto:
    sizes: dict[str, list[str | int]] = {
        "query_hidden": ["q", shape.hidden],
        "query_states": ["q", shape.state],
        "token_weights": ["q"],
        "product_states": ["n", "t", shape.state],
        "product_mask": ["n", "t"],
    }
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])]
    graph = helper.make_graph(g.nodes, "interaction_block", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model
