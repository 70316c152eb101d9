"""Runs model files in ONNX Runtime, in the number format that is fastest on this processor."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from shared.errors import Corrupt
from shared.first_use import used_once
from shared.inference.cpu import read_cpu
from shared.inference.session import open_session
from shared.inference.trial import least_seconds

# Trial inputs by name, without the dimensions that the model fixes
Sizes = Mapping[str, tuple[int, ...]]

DTYPES: dict[str, Any] = {
    "tensor(bool)": np.bool_,
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
}
_WORTH_IT = 0.8  # int8 is slightly less precise, so a tie goes to float32


@dataclass(frozen=True, slots=True)
class Engine:
    """A session and its name in the status, such as "onnxruntime-int8"."""

    session: onnxruntime.InferenceSession
    name: str


def open_engine(path: Path, precision: str, threads: int, trial: Sizes) -> Engine:
    """Open the float32 model in `path` as `precision`: int8, fp32, or auto for the faster one on
    the trial inputs.

    Raises Corrupt, naming the file, if it cannot be opened or does not take such inputs.
    """
    try:
        return _chosen(path, precision, threads, trial)
    except OSError:
        raise
    except Exception as error:  # onnxruntime raises a dozen types of its own
        why = str(error).partition("\n")[0][:200]
        raise Corrupt(f"{path} cannot be used ({why}); train the bundle again or roll back") from error


def _chosen(path: Path, precision: str, threads: int, trial: Sizes) -> Engine:
    if precision != "auto":
        return _used_once(path, precision, threads, trial)
    whole, small = (_used_once(path, each, threads, trial) for each in ("fp32", "int8"))
    small_seconds, whole_seconds = (least_seconds(partial(_run, each, trial)) for each in (small, whole))
    return small if small_seconds < _WORTH_IT * whole_seconds else whole


def _used_once(path: Path, precision: str, threads: int, trial: Sizes) -> Engine:
    """The engine after its first run.

    That run allocates, and must not happen in several threads at once.
    """
    return used_once(lambda: _open(path, precision, threads), lambda engine: _run(engine, trial))


def _run(engine: Engine, trial: Sizes) -> None:
    """Run the model once.

    A model with inputs that `trial` lacks is not run; its caller refuses it.
    """
    nodes = engine.session.get_inputs()
    if not {node.name for node in nodes} <= trial.keys():
        return
    inputs = {
        n.name: np.ones((*trial[n.name], *n.shape[len(trial[n.name]) :]), dtype=DTYPES[n.type]) for n in nodes
    }
    engine.session.run(None, inputs)


def _open(path: Path, precision: str, threads: int) -> Engine:
    model = _quantised(path) if precision == "int8" else str(path)
    return Engine(open_session(model, threads), f"onnxruntime-{precision}")


def _quantised(path: Path) -> bytes:
    """The model with 8-bit weights and a scale for each channel.

    It is made at start because the range depends on the processor.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quantised = Path(folder) / "quantised.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            quantised,
            per_channel=True,
            reduce_range=not read_cpu().has_vnni,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            extra_options={"MatMulConstBOnly": True},
        )
        return quantised.read_bytes()
