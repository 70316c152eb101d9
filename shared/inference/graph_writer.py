"""Writes an ONNX graph, node by node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20  # the first with Gelu
MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own operators
_IR_VERSION = 10

Sizes = Sequence[str | int]  # the dimensions of a tensor; a name stands for a variable one
Input = tuple[int, Sizes]  # a type of TensorProto, and the dimensions


@dataclass
class GraphWriter:
    """Collects nodes and constants. Every method returns the name of its result."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node. Its output has the node's name."""
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, values: NDArray[Any] | np.int64 | float | Sequence[int]) -> str:
        """Add a constant: float32, or int64 for a sequence of integers."""
        array = np.array(values, dtype=np.float32 if isinstance(values, float) else None, order="C")
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def linear(self, inputs: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """The result of inputs @ weight.T + bias."""
        product = self.product(inputs, weight)
        return product if bias is None else self.add("Add", product, self.constant(bias))

    def product(self, inputs: str, weight: NDArray[Any]) -> str:
        """The result of inputs @ weight.T."""
        return self.add("MatMul", inputs, self.constant(weight.T))

    def reshape(self, inputs: str, *shape: int) -> str:
        """Reshape `inputs`. 0 keeps a dimension, -1 stands for the remaining size."""
        return self.add("Reshape", inputs, self.constant(shape))

    def unsqueeze(self, inputs: str, *axes: int) -> str:
        """Add dimensions of size one to `inputs`."""
        return self.add("Unsqueeze", inputs, self.constant(axes))

    def total(self, inputs: str, axis: int) -> str:
        """The sum over an axis, which is removed."""
        return self.add("ReduceSum", inputs, self.constant([axis]), keepdims=0)

    def unit_norm(self, inputs: str, name: str) -> str:
        """`inputs` with rows scaled to length one."""
        norm = self.add("ReduceL2", inputs, self.constant([-1]), keepdims=1)
        return self.add("Div", inputs, self.add("Max", norm, self.constant(1e-12)), name=name)

    def model(self, name: str, inputs: Mapping[str, Input], outputs: Mapping[str, Sizes]) -> onnx.ModelProto:
        """The whole graph. Its outputs are float32."""
        given = [
            helper.make_tensor_value_info(each, kind, list(sizes)) for each, (kind, sizes) in inputs.items()
        ]
        made = [
            helper.make_tensor_value_info(each, TensorProto.FLOAT, list(sizes))
            for each, sizes in outputs.items()
        ]
        graph = helper.make_graph(self.nodes, name, given, made, self.constants)
        domains = {node.domain for node in self.nodes} | {""}
        opsets = [helper.make_opsetid(domain, OPSET if not domain else 1) for domain in sorted(domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
