"""The engines that run the encoder, behind one port: ONNX Runtime, OpenVINO or torch."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from services.embedding import graph
from services.embedding.encoding import Floats
from services.embedding.families import DISTANCES
from services.embedding.heads_graph import build_heads
from services.embedding.job import Job
from services.embedding.model import EncoderModel
from services.embedding.own_graph import OwnGraph, WithHeads
from services.embedding.ports import Engine, Outputs
from services.embedding.tokens import Ids
from shared.errors import NotFound
from shared.first_use import used_once
from shared.inference.cpu import read_cpu
from shared.inference.session import open_session

Batch = tuple[Ids, Floats]  # token ids and mask, padded
Make = Callable[[EncoderModel, Job], Engine]
Feeds = Callable[[Ids, Floats], Mapping[str, NDArray[Any]]]  # a graph's inputs for a batch


def run_all(engine: Engine, batches: Sequence[Batch]) -> Iterator[Outputs]:
    """The outputs of every batch, in order, running as many at once as the engine allows."""
    if engine.at_once == 1:
        yield from (engine.run(*batch) for batch in batches)
        return
    with ThreadPoolExecutor(engine.at_once, thread_name_prefix="batches") as threads:
        yield from threads.map(lambda batch: engine.run(*batch), batches)


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX graph to run, and how its ends are called."""

    content: bytes | str  # serialised, or its path
    feeds: Feeds
    outputs: Mapping[str, str]  # the graph's name -> ours
    batches: bool = True

    @staticmethod
    def of(model: onnx.ModelProto, batches: bool = True) -> Graph:
        """Our own graph of the encoder."""
        outputs = {output.name: output.name for output in model.graph.output}
        return Graph(model.SerializeToString(), _our_feeds, outputs, batches)

    @staticmethod
    def of_own(path: Path) -> Graph:
        """The model's own graph, as far as the states of the tokens."""
        own = OwnGraph.read(path)
        return Graph(str(path), own.feeds, {own.states: "hidden"}, own.batches)


def _our_feeds(ids: Ids, mask: Floats) -> Mapping[str, NDArray[Any]]:
    return {"ids": ids, "mask": mask}


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, float32 or int8.

    For products, each thread runs a batch of its own, instead of all threads sharing each operator.
    So other work on a core delays one batch, and not every operator.
    """

    def __init__(self, name: str, graph: Graph, job: Job) -> None:
        self.at_once = 1 if job.side == "queries" else job.threads
        self._session = open_session(graph.content, job.threads // self.at_once)
        self._graph = graph
        self.name = name
        self.batches = graph.batches

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
        names = self._graph.outputs
        results = self._session.run(list(names), self._graph.feeds(ids, mask))
        return {ours: result for ours, result in zip(names.values(), results, strict=True)}


class OpenVinoEngine:
    """OpenVINO on the CPU, float32 or bf16.

    For products, each stream runs a batch of its own, with about as many streams as cores. So other
    work on a core delays one stream, and not every operator. Its threads may move to an idle core.
    """

    def __init__(self, name: str, graph: Graph, job: Job, precision: str) -> None:
        core = _openvino_without_telemetry().Core()
        content = graph.content
        read = core.read_model(content if isinstance(content, str) else io.BytesIO(content))
        hints = {
            "PERFORMANCE_HINT": "LATENCY" if job.side == "queries" else "THROUGHPUT",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": job.threads,
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(read, "CPU", hints)
        self.at_once = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()  # a request holds one batch at a time
        for _ in range(self.at_once):
            self._idle.put(compiled.create_infer_request())
        self._graph = graph
        self.name = name
        self.batches = graph.batches

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
        request = self._idle.get()
        try:
            results = request.infer(self._graph.feeds(ids, mask))
            return {ours: np.array(results[name]) for name, ours in self._graph.outputs.items()}
        finally:
            self._idle.put(request)


def _openvino_without_telemetry() -> ModuleType:
    """Import the library without its telemetry.

    The usual import forks this process with all its threads, to report to Google Analytics.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing it fails, which OpenVINO allows
    import openvino

    return cast(ModuleType, openvino)


def _onnxruntime(name: str, int8: str = "") -> Make:
    def make(model: EncoderModel, job: Job) -> Engine:
        if model.graph is None:
            plan = graph.GraphPlan(job.outputs, job.state_tokens, int8, narrow=not read_cpu().has_vnni)
            ours = Graph.of(graph.build(model, plan), batches=int8 != "dynamic")
            return OnnxRuntimeEngine(name, ours, job)
        _refuse(name, bool(int8))
        return with_heads(OnnxRuntimeEngine(name, Graph.of_own(model.graph), job), model, job)

    return make


def _openvino(name: str, precision: str) -> Make:
    def make(model: EncoderModel, job: Job) -> Engine:
        if model.graph is None:
            plan = graph.GraphPlan(job.outputs, job.state_tokens)
            return OpenVinoEngine(name, Graph.of(graph.build(model, plan)), job, precision)
        own = OpenVinoEngine(name, Graph.of_own(model.graph), job, precision)
        return with_heads(own, model, job)

    return make


def _torch(name: str, device: str, precision: str) -> Make:
    def make(model: EncoderModel, job: Job) -> Engine:
        _refuse(name, model.graph is not None or DISTANCES in model.tensors)
        # Torch is an extra, and slow to import
        from services.embedding.torch_engine import TorchEngine

        if model.sentence.is_mean and not model.dense:
            return TorchEngine(name, model, job, device, precision)
        states = replace(job, needed=("hidden",))
        return with_heads(TorchEngine(name, model, states, device, precision), model, job)

    return make


def with_heads(transformer: Engine, model: EncoderModel, job: Job) -> Engine:
    """The transformer's engine with the model's heads after it."""
    return WithHeads(transformer, build_heads(model, job.outputs, job.state_tokens), job)


def _refuse(name: str, unable: bool) -> None:
    if unable:
        remedy = f"use auto, {REFERENCE} or openvino-f32"
        raise NotFound(f"the engine {name} cannot run this model; {remedy}")


REFERENCE = "onnxruntime-fp32"
ENGINES: Mapping[str, Make] = {
    REFERENCE: _onnxruntime(REFERENCE),
    "onnxruntime-int8": _onnxruntime("onnxruntime-int8", "block"),
    "onnxruntime-int8-dynamic": _onnxruntime("onnxruntime-int8-dynamic", "dynamic"),
    "openvino-f32": _openvino("openvino-f32", "f32"),
    "openvino-bf16": _openvino("openvino-bf16", "bf16"),
    "torch-fp32": _torch("torch-fp32", "cpu", "float32"),
    "torch-bf16": _torch("torch-bf16", "cpu", "bfloat16"),
    "torch-cuda-fp32": _torch("torch-cuda-fp32", "cuda", "float32"),
    "torch-cuda-bf16": _torch("torch-cuda-bf16", "cuda", "bfloat16"),
}
# For queries only: products keep float precision
INT8 = frozenset({"onnxruntime-int8", "onnxruntime-int8-dynamic"})
_FIRST_BATCH: Batch = (np.zeros((1, 8), np.int64), np.ones((1, 8), np.float32))


def build(name: str, model: EncoderModel, job: Job) -> Engine:
    """The engine of that name, after its first inference. Raises its library's errors.

    This is the only function that makes engines, because the first inferences of a library must not
    run in two threads at once.
    """
    return used_once(lambda: ENGINES[name](model, job), lambda engine: engine.run(*_FIRST_BATCH))
