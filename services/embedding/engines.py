"""The engines that run the encoder, behind one port: ONNX Runtime, OpenVINO or torch."""

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import ModuleType
from typing import Any, Protocol, cast

import numpy as np
import onnx

from services.embedding import graph
from services.embedding.encoding import Floats
from services.embedding.job import Job
from services.embedding.model import EncoderModel
from services.embedding.tokens import Ids
from shared.first_use import used_once
from shared.inference.cpu import read_cpu
from shared.inference.session import open_session

Outputs = Mapping[str, Floats]  # by name, see graph.build
Batch = tuple[Ids, Floats]  # token ids and mask, padded


class Engine(Protocol):
    """Runs batches. Several threads may call it."""

    @property
    def name(self) -> str:
        """The name in the configuration and in the status."""

    @property
    def batches(self) -> bool:
        """Whether a text's result does not depend on the other texts of its batch."""

    @property
    def at_once(self) -> int:
        """The number of batches that it runs side by side when called from as many threads.

        Each uses its share of the cores.
        """

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""


def run_all(engine: Engine, batches: Sequence[Batch]) -> Iterator[Outputs]:
    """The outputs of every batch, in order, running as many at once as the engine allows."""
    if engine.at_once == 1:
        yield from (engine.run(*batch) for batch in batches)
        return
    with ThreadPoolExecutor(engine.at_once, thread_name_prefix="batches") as threads:
        yield from threads.map(lambda batch: engine.run(*batch), batches)


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, float32 or int8.

    For products, each thread runs a batch of its own, instead of all threads sharing each operator.
    So other work on a core delays one batch, and not every operator.
    """

    def __init__(self, name: str, model: onnx.ModelProto, job: Job, batches: bool = True) -> None:
        self.at_once = 1 if job.side == "queries" else job.threads
        self._session = open_session(model.SerializeToString(), job.threads // self.at_once)
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.name = name
        self.batches = batches

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
        results = self._session.run(self._outputs, {"ids": ids, "mask": mask})
        return dict(zip(self._outputs, results, strict=True))


class OpenVinoEngine:
    """OpenVINO on the CPU, float32 or bf16.

    For products, each stream runs a batch of its own, with about as many streams as cores. So other
    work on a core delays one stream, and not every operator. Its threads may move to an idle core.
    """

    batches = True

    def __init__(self, name: str, model: onnx.ModelProto, job: Job, precision: str) -> None:
        core = _openvino_without_telemetry().Core()
        read = core.read_model(io.BytesIO(model.SerializeToString()))
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
        self._outputs = [output.name for output in model.graph.output]
        self.name = name

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
        request = self._idle.get()
        try:
            results = request.infer({"ids": ids, "mask": mask})
            return {name: np.array(results[name]) for name in self._outputs}
        finally:
            self._idle.put(request)


def _openvino_without_telemetry() -> ModuleType:
    """Import the library without its telemetry.

    The usual import forks this process with all its threads, to report to Google Analytics.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing it fails, which OpenVINO allows
    import openvino

    return cast(ModuleType, openvino)


def _onnxruntime(name: str, int8: str = "") -> Callable[[EncoderModel, Job], Engine]:
    def make(model: EncoderModel, job: Job) -> Engine:
        plan = graph.GraphPlan(job.outputs, job.state_tokens, int8, narrow=not read_cpu().has_vnni)
        return OnnxRuntimeEngine(name, graph.build(model, plan), job, batches=int8 != "dynamic")

    return make


def _openvino(name: str, precision: str) -> Callable[[EncoderModel, Job], Engine]:
    def make(model: EncoderModel, job: Job) -> Engine:
        plan = graph.GraphPlan(job.outputs, job.state_tokens)
        return OpenVinoEngine(name, graph.build(model, plan), job, precision)

    return make


def _torch(name: str, device: str, precision: str) -> Callable[[EncoderModel, Job], Engine]:
    def make(model: EncoderModel, job: Job) -> Engine:
        # Torch is an extra, and slow to import
        from services.embedding.torch_engine import TorchEngine

        return TorchEngine(name, model, job, device, precision)

    return make


REFERENCE = "onnxruntime-fp32"
ENGINES: Mapping[str, Callable[[EncoderModel, Job], Engine]] = {
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
