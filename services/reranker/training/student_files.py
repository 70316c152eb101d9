"""Writes a trained student into a bundle's folder: its heads and its block."""

from pathlib import Path

import onnx
from safetensors.numpy import save_file

from services.reranker.training.block_graph import block_graph
from services.reranker.training.student import Student
from shared.models.bundle import BLOCK, ENCODER_PREFIX, HEADS


def write_student(student: Student, folder: Path) -> None:
    """Write FOLDER/heads.safetensors, with trained encoder layers, and FOLDER/block.onnx."""
    tensors = {name: tensor.detach().numpy().copy() for name, tensor in student.heads.state_dict().items()}
    learnt = student.encoder.learnt() if student.encoder else {}
    save_file(
        {**tensors, **{f"{ENCODER_PREFIX}{name}": each for name, each in learnt.items()}},
        folder / HEADS,
    )
    (folder / HEADS).chmod(0o644)  # safetensors makes it readable only for the owner; bundles are shipped
    onnx.save(block_graph(student.block, student.shape), folder / BLOCK)
