"""ONNX Runtime sessions that share the same options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

# The fused operator takes eight times as long as the two that it replaces
_SLOW = ["SkipLayerNormFusion"]


def open_session(model: bytes | str, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU, with this number of threads for each run.

    `model` is a serialised graph or a path. Raises ONNX Runtime's errors.
    """
    import onnxruntime  # processes that use another engine do not need the import

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Other services share the cores
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    chosen = {"providers": providers, "disabled_optimizers": _SLOW}
    session = onnxruntime.InferenceSession(model, options, **chosen)
    # It keeps the serialised graph, as large as the weights, for a change of providers
    session._model_bytes = None
    return session
