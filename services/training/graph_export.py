"""Writes a transformer's ONNX graph with torch, for encoders that our own graph cannot compute."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from services.embedding.families import is_known
from services.embedding.own_graph import OwnGraph
from services.embedding.weights import GRAPH_FILES, MODEL_FILE, EncoderFiles
from shared.errors import Corrupt, NotFound
from shared.inference.session import open_session

if TYPE_CHECKING:
    import torch

_OPSET = 18
_ENDS = ("input_ids", "attention_mask")
_STATES = "last_hidden_state"
_TRACED = (2, 9)  # texts and tokens of the example; any others work
_CHECKED = (3, 40)
_MOST_DIFFERENT = 1e-3  # of a token state, between torch and the graph


def needs_graph(folder: Path) -> bool:
    """Whether a folder has a transformer that runs by its own graph alone, and has none yet."""
    if any((folder / name).is_file() for name in GRAPH_FILES):
        return False
    known = is_known(EncoderFiles(folder, folder.name, "").architecture())
    return not known or not (folder / MODEL_FILE).is_file()


def export_graph(folder: Path) -> Path:
    """Write FOLDER/onnx/model.onnx, and return its path.

    Raises NotFound if torch or transformers are missing, Corrupt if the graph does not compute what
    torch does.
    """
    try:
        import torch
        from transformers import AutoModel
    except ImportError as error:
        needed = "needs torch and transformers: run `pip install 'aisle[train]'`"
        raise NotFound(f"{folder} has no {GRAPH_FILES[0]}, and making it {needed}") from error
    torch.manual_seed(0)
    model = AutoModel.from_pretrained(str(folder), attn_implementation="eager").float().eval()
    path = folder / GRAPH_FILES[0]
    path.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".exporting-") as scratch:
        staged = Path(scratch) / path.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, whose outcome is checked below
            _write(model, staged)
        _check(model, staged)
        for each in Path(scratch).iterdir():  # large weights are in files of their own
            each.replace(path.with_name(each.name))
    return path


def _write(model: Any, path: Path) -> None:
    import torch

    class States(torch.nn.Module):  # type: ignore[misc]
        """The model's token states alone."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    with torch.no_grad():
        torch.onnx.export(
            States().eval(),  # otherwise the model is left with dropout
            _example(model, *_TRACED),
            str(path),
            input_names=list(_ENDS),
            output_names=[_STATES],
            dynamic_axes={name: {0: "n", 1: "t"} for name in (*_ENDS, _STATES)},
            opset_version=_OPSET,
            dynamo=False,  # the newer exporter needs onnxscript
        )


def _example(model: Any, texts: int, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids, and a mask that leaves half of the last text out."""
    import torch

    ids = torch.randint(0, model.config.vocab_size, (texts, tokens))
    mask = torch.ones_like(ids)
    mask[-1, tokens // 2 :] = 0
    return ids, mask


def _check(model: Any, path: Path) -> None:
    """Compare the graph with the model on more and longer texts than it was traced with."""
    import torch

    ids, mask = _example(model, *_CHECKED)
    with torch.no_grad():
        theirs = model(input_ids=ids, attention_mask=mask).last_hidden_state.numpy()
    own = OwnGraph.read(path)
    feeds = own.feeds(ids.numpy(), mask.numpy().astype(np.float32))
    ours = open_session(str(path), 1).run([own.states], feeds)[0]
    kept = mask.numpy() > 0
    if (different := float(np.abs(ours - theirs)[kept].max())) > _MOST_DIFFERENT:
        reason = f"torch's graph of this model differs from it by {different:.2g}"
        remedy = f"put one of another exporter at {GRAPH_FILES[0]}, or use another model"
        raise Corrupt(f"{reason}, so it is not kept; {remedy}")
