"""A model's own ONNX graph, from token ids to token states, and our heads after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from services.embedding.encoding import Floats
from services.embedding.job import Job
from services.embedding.ports import Engine, Outputs
from services.embedding.tokens import Ids
from shared.errors import Corrupt
from shared.inference.session import open_session

# What a graph may ask for, of the ids and mask (n, t)
_INPUTS: dict[str, Callable[[Ids, Floats], NDArray[np.int64]]] = {
    "input_ids": lambda ids, mask: ids,
    "attention_mask": lambda ids, mask: mask.astype(np.int64),
    "token_type_ids": lambda ids, mask: np.zeros_like(ids),
    "position_ids": lambda ids, mask: np.broadcast_to(np.arange(ids.shape[1]), ids.shape).copy(),
}
_STATES = ("last_hidden_state", "token_embeddings")  # names of the output, the usual one first
_RANGE_OF_BATCH = "DynamicQuantizeLinear"  # an operator whose result depends on the whole batch


@dataclass(frozen=True, slots=True)
class OwnGraph:
    """A graph's path, and the names of its ends."""

    path: Path
    inputs: tuple[str, ...]
    states: str  # the output (n, t, width)
    batches: bool  # whether a text's states do not depend on the other texts of its batch

    @staticmethod
    def read(path: Path) -> OwnGraph:
        """Read the graph's ends. Raises Corrupt if it is unreadable or has unknown inputs."""
        try:
            graph = onnx.load(str(path), load_external_data=False).graph
        except Exception as error:  # protobuf has errors of its own
            raise Corrupt(f"{path} cannot be read ({error}); fetch the model again") from error
        weights = {each.name for each in graph.initializer}
        inputs = tuple(each.name for each in graph.input if each.name not in weights)
        if strange := [name for name in inputs if name not in _INPUTS]:
            known = ", ".join(_INPUTS)
            raise Corrupt(f"{path} has the input {strange[0]!r}; only {known} can be filled")
        outputs = {each.name: len(each.type.tensor_type.shape.dim) for each in graph.output}
        named = [name for name in _STATES if name in outputs]
        states = named or [name for name, rank in outputs.items() if rank == 3]
        if not states:
            raise Corrupt(f"{path} has no output {_STATES[0]}, which has the states of the tokens")
        batches = all(node.op_type != _RANGE_OF_BATCH for node in graph.node)
        return OwnGraph(path, inputs, states[0], batches)

    def feeds(self, ids: Ids, mask: Floats) -> dict[str, NDArray[np.int64]]:
        """The inputs for a padded batch."""
        return {name: _INPUTS[name](ids, mask) for name in self.inputs}


class WithHeads:
    """An engine that makes token states, and our heads after it, on the CPU."""

    def __init__(self, transformer: Engine, heads: onnx.ModelProto, job: Job) -> None:
        """`transformer` makes `hidden` only. `heads` is a graph of heads_graph.build_heads."""
        self.name = transformer.name
        self.batches = transformer.batches
        self.at_once = transformer.at_once
        self._transformer = transformer
        self._heads = open_session(heads.SerializeToString(), 1)
        self._outputs = [output.name for output in self._heads.get_outputs()]
        self._keeps_hidden = "hidden" in job.outputs

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
        hidden = self._transformer.run(ids, mask)["hidden"]
        made = self._heads.run(self._outputs, {"hidden": hidden, "mask": mask})
        outputs = dict(zip(self._outputs, made, strict=True))
        return outputs | ({"hidden": hidden} if self._keeps_hidden else {})
