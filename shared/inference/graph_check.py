"""Checks the model files of a bundle.

A model must be a plain graph with finite weights of its own and known inputs.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import Corrupt

# Operators that may run forever, and hold graphs of their own
_FOREIGN = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def check_graph(path: Path, inputs: Collection[str], output: str = "") -> None:
    """Raise Corrupt, naming the file, unless it is such a graph with no other inputs.

    An empty `output` allows any single output.
    """
    import onnx  # slow to import; the bundle that Aisle ships is not checked

    try:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
        faults = [
            *_faults_of_parts(model),
            *_faults_of_ends(model, inputs, output),
            *_faults_of_weights(model),
        ]
    except Exception as error:  # protobuf and onnx each have their own
        raise Corrupt(
            f"{path} cannot be read ({_line(error)}); train the bundle again or roll back"
        ) from error
    if faults:
        raise Corrupt(f"{path} {faults[0]}; train the bundle again or roll back")


def _is_finite(tensor: Any) -> bool:
    from onnx import numpy_helper

    return bool(np.isfinite(numpy_helper.to_array(tensor)).all())


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]


def _faults_of_parts(model: Any) -> Iterator[str]:
    foreign = [node.op_type for node in model.graph.node if node.domain not in ("", "ai.onnx")]
    foreign += [node.op_type for node in model.graph.node if node.op_type in _FOREIGN]
    foreign += [function.name for function in model.functions]
    if foreign:
        yield f"has the operator {foreign[0]}, which no model of a bundle needs"


def _faults_of_ends(model: Any, inputs: Collection[str], output: str) -> Iterator[str]:
    weights = {each.name for each in model.graph.initializer}
    if strange := sorted({each.name for each in model.graph.input} - weights - set(inputs)):
        yield f"has the inputs {strange}, which this version cannot fill"
    outputs = [each.name for each in model.graph.output]
    if outputs != [output] if output else len(outputs) != 1:
        yield f"has the outputs {outputs}, not {[output] if output else 'one'}"


def _faults_of_weights(model: Any) -> Iterator[str]:
    from onnx import TensorProto

    tensors = [*model.graph.initializer]
    tensors += [each.t for node in model.graph.node for each in node.attribute if each.HasField("t")]
    for tensor in tensors:
        if tensor.data_location == TensorProto.EXTERNAL:
            yield f"keeps {tensor.name!r} in another file"
        elif tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
            yield from [f"has weights that are not finite ({tensor.name})"] * (not _is_finite(tensor))
