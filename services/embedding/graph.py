"""The encoder as an ONNX graph, built from its weights: BERT, and the heads of a bundle.

Devlin et al. 2019 (BERT, post-norm). Mean pooling as in Reimers and Gurevych 2019. Token states and
MaxSim weights as in Khattab and Zaharia 2020 (ColBERT). Query, key and value are one product;
1/sqrt(d) is in the query's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from services.embedding.families import ACTIVATIONS, DISTANCES, distance_buckets
from services.embedding.heads_graph import SHAPES, write_outputs
from services.embedding.job import QUERY_OUTPUTS
from services.embedding.model import EncoderModel
from services.embedding.weights import Tensors
from shared.errors import Corrupt
from shared.inference.graph_writer import MICROSOFT, GraphWriter

BLOCK = 32  # values that share a scale
MASKED = -10_000.0  # added to the scores of padding; finite, so that bf16 and int8 stay finite

_TABLES = ("position", "token_type", "word")


@dataclass(frozen=True)
class Architecture:
    """The sizes that the graph depends on."""

    layers: int
    heads: int
    hidden: int
    norm_epsilon: float
    activation: str = "none"  # how ONNX's Gelu is approximated

    @staticmethod
    def of(config: dict[str, Any]) -> Architecture:
        """The sizes in a Hugging Face config.json."""
        sizes = (config["num_hidden_layers"], config["num_attention_heads"], config["hidden_size"])
        activation = ACTIVATIONS[config.get("hidden_act", "gelu")]
        return Architecture(*sizes, config.get("layer_norm_eps", 1e-12), activation)


def _int8(weight: NDArray[Any], largest: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Values within +-`largest`, and a scale for each row of the last axis."""
    scales = np.maximum(np.abs(weight).max(axis=-1), 1e-12) / np.float32(largest)
    return np.rint(weight / scales[..., None]).astype(np.int8), scales.astype(np.float32)


@dataclass
class Nodes(GraphWriter):
    """A graph whose products may be in 8 bits."""

    int8: str = ""  # how weights become 8 bits: "", "block" or "dynamic"
    narrow: bool = False  # 7 bits, for CPUs that add two products in 16 bits (AVX2 without VNNI)

    def product(self, inputs: str, weight: NDArray[Any]) -> str:
        """The result of inputs @ weight.T."""
        multiply = {"": super().product, "block": self._block_product, "dynamic": self._dynamic_product}[
            self.int8
        ]
        return multiply(inputs, weight)

    def _block_product(self, inputs: str, weight: NDArray[Any]) -> str:
        """Both sides to 8 bits with a scale for each BLOCK values of a row.

        No token depends on another.
        """
        rows, columns = weight.shape
        values, scales = _int8(weight.reshape(rows, columns // BLOCK, BLOCK), 127)
        sizes = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        constants = (self.constant((values.astype(np.int16) + 128).astype(np.uint8)), self.constant(scales))
        return self.add("MatMulNBits", inputs, *constants, domain=MICROSOFT, **sizes)

    def _dynamic_product(self, inputs: str, weight: NDArray[Any]) -> str:
        """Activations to 8 bits with one scale a batch, weights with one an output."""
        values, scales = _int8(weight, 64 if self.narrow else 127)
        small, scale, zero = self._quantize(inputs)
        product = self.add("MatMulInteger", small, self.constant(values.T), zero)
        product = self.add("Cast", product, to=TensorProto.FLOAT)
        return self.add("Mul", product, self.add("Mul", scale, self.constant(scales)))

    def _quantize(self, inputs: str) -> list[str]:
        outputs = [f"{inputs}_{part}" for part in ("uint8", "scale", "zero")]
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [inputs], outputs))
        return outputs


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """The graph to build."""

    outputs: Sequence[str] = QUERY_OUTPUTS
    state_tokens: int | None = None  # states of the first tokens, this many; None: of all tokens
    int8: str = ""  # "block" or "dynamic": the encoder's products in int8, the heads in float32
    narrow: bool = False  # 7 bits instead of 8 for "dynamic"


def build(model: EncoderModel, plan: GraphPlan) -> onnx.ModelProto:
    """Build the graph.

    Inputs are `ids` (n, t) int64 and `mask` (n, t) float32. Outputs are those of the plan that have
    a head: vector (n, dim) unit norm; hidden (n, t, dim); states (n, min(t, state_tokens),
    state_dim) unit norm; token_weights (n, t), 0 at padding.

    An int8 graph has operators that only ONNX Runtime knows. Raises Corrupt if a tensor is missing.
    """
    nodes = Nodes(int8=plan.int8, narrow=plan.narrow)
    try:
        _Bert(nodes, model.tensors, Architecture.of(model.architecture)).write()
    except KeyError as error:
        reason = f"the encoder's weights have no tensor {error}, which its config.json promises"
        raise Corrupt(f"{reason}; fetch the model again") from error
    nodes.int8 = ""
    return _proto(nodes, write_outputs(nodes, model, plan.outputs, plan.state_tokens))


@dataclass(frozen=True, slots=True)
class _Bert:
    """Writes the encoder's layers, from `ids` and `mask` to `hidden`."""

    nodes: Nodes
    weights: Tensors
    architecture: Architecture

    def write(self) -> None:
        hidden = self._embeddings()
        bias = self._attention_bias()
        for layer in range(self.architecture.layers):
            hidden = self._layer(f"encoder.layer.{layer}.", hidden, bias)
        self.nodes.add("Identity", hidden, name="hidden")

    def _embeddings(self) -> str:
        nodes = self.nodes
        tensors = {kind: self.weights[f"embeddings.{kind}_embeddings.weight"] for kind in _TABLES}
        positions = nodes.constant(tensors["position"] + tensors["token_type"][0])
        length = nodes.add("Shape", "ids", start=1, end=2)
        words = nodes.add("Gather", nodes.constant(tensors["word"]), "ids")
        begin = nodes.add("Slice", positions, nodes.constant([0]), length, nodes.constant([0]))
        return self._norm("embeddings.LayerNorm", nodes.add("Add", words, begin))

    def _attention_bias(self) -> str:
        padding = self.nodes.add("Sub", self.nodes.constant(1.0), "mask")
        bias = self.nodes.add("Mul", padding, self.nodes.constant(MASKED))
        padding_bias = self.nodes.unsqueeze(bias, 1, 2)  # (n, 1, 1, t)
        if DISTANCES not in self.weights:
            return padding_bias
        return self.nodes.add("Add", padding_bias, self._distance_bias())

    def _distance_bias(self) -> str:
        """MPNet's bias for the distance of two tokens, (1, heads, t, t)."""
        nodes = self.nodes
        longest = len(self.weights["embeddings.position_embeddings.weight"])
        table = self.weights[DISTANCES][distance_buckets(longest, len(self.weights[DISTANCES]))]
        first, one = nodes.constant(np.int64(0)), nodes.constant(np.int64(1))
        shape = nodes.add("Shape", "ids", start=1, end=2)
        places = nodes.add("Range", first, nodes.add("Squeeze", shape, nodes.constant([0])), one)
        keys, queries = nodes.unsqueeze(places, 0), nodes.unsqueeze(places, 1)
        least = nodes.constant(np.int64(longest - 1))
        distances = nodes.add("Add", nodes.add("Sub", keys, queries), least)
        bias = nodes.add("Gather", nodes.constant(table), distances)  # (t, t, heads)
        return nodes.unsqueeze(nodes.add("Transpose", bias, perm=[2, 0, 1]), 0)

    def _layer(self, prefix: str, hidden: str, bias: str) -> str:
        attended = self._dense(prefix + "attention.output.dense", self._attention(prefix, hidden, bias))
        middle = self._norm(prefix + "attention.output.LayerNorm", self.nodes.add("Add", attended, hidden))
        raw = self._dense(prefix + "intermediate.dense", middle)
        wide = self.nodes.add("Gelu", raw, approximate=self.architecture.activation)
        narrow = self._dense(prefix + "output.dense", wide)
        return self._norm(prefix + "output.LayerNorm", self.nodes.add("Add", narrow, middle))

    def _attention(self, prefix: str, hidden: str, bias: str) -> str:
        nodes = self.nodes
        heads = self.architecture.heads
        dim = self.architecture.hidden
        scale = np.float32((dim // heads) ** -0.5)
        joint = nodes.linear(hidden, *(self._joint(prefix, part, scale) for part in ("weight", "bias")))
        split = nodes.add("Reshape", joint, nodes.constant([0, 0, 3, heads, dim // heads]))
        turned = nodes.add("Transpose", split, perm=[2, 0, 3, 1, 4])
        query, key, value = (
            nodes.add("Gather", turned, nodes.constant(np.int64(part)), axis=0) for part in range(3)
        )
        scores = nodes.add("MatMul", query, nodes.add("Transpose", key, perm=[0, 1, 3, 2]))
        mixed = nodes.add("MatMul", nodes.add("Softmax", nodes.add("Add", scores, bias), axis=-1), value)
        return nodes.add(
            "Reshape", nodes.add("Transpose", mixed, perm=[0, 2, 1, 3]), nodes.constant([0, 0, dim])
        )

    def _joint(self, prefix: str, part: str, scale: np.float32) -> NDArray[Any]:
        query, key, value = (
            self.weights[f"{prefix}attention.self.{name}.{part}"] for name in ("query", "key", "value")
        )
        return np.concatenate([query * scale, key, value])

    def _dense(self, prefix: str, inputs: str) -> str:
        return self.nodes.linear(inputs, self.weights[prefix + ".weight"], self.weights[prefix + ".bias"])

    def _norm(self, prefix: str, inputs: str) -> str:
        scale, shift = (self.nodes.constant(self.weights[f"{prefix}.{part}"]) for part in ("weight", "bias"))
        epsilon = self.architecture.norm_epsilon
        return self.nodes.add("LayerNormalization", inputs, scale, shift, axis=-1, epsilon=epsilon)


def _proto(nodes: Nodes, outputs: Sequence[str]) -> onnx.ModelProto:
    inputs = {"ids": (TensorProto.INT64, ("n", "t")), "mask": (TensorProto.FLOAT, ("n", "t"))}
    return nodes.model("encoder", inputs, {name: SHAPES[name] for name in outputs})
