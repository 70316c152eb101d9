"""Vectors as they cross the wire: float32, little-endian, row-major."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]  # (n, dim)


def to_bytes(vectors: Matrix) -> bytes:
    """The bytes of `vectors`, whatever its shape."""
    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def from_bytes(data: bytes, dim: int) -> Matrix:
    """The (n, dim) matrix in `data`, read in place (it cannot be written to)."""
    return np.frombuffer(data, dtype="<f4").reshape(-1, dim)
