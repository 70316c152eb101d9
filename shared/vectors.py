"""The wire format of vectors: float32, little-endian, row-major."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]  # (n, dim)


def to_bytes(vectors: Matrix) -> bytes:
    """The bytes of `vectors`, of any shape."""
    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def from_bytes(data: bytes, dim: int) -> Matrix:
    """The (n, dim) matrix in `data`, as a read-only view."""
    return np.frombuffer(data, dtype="<f4").reshape(-1, dim)
