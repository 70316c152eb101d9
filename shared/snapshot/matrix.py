"""Writes a matrix row by row into a .npy file, without holding it in memory."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_COPY_BYTES = 1 << 24


class MatrixWriter:
    """Rows of `columns` numbers each.

    The file is complete, with its header, when finish() returns.
    """

    def __init__(self, path: Path, columns: int, dtype: str) -> None:
        """`dtype` is a format such as "<f2" or "|i1"."""
        self._path = path
        self._columns = columns
        self._dtype = np.dtype(dtype)
        self._raw_path = path.with_suffix(".raw")
        self._raw_path.touch()
        self.row_count = 0

    def add(self, rows: NDArray[np.generic]) -> None:
        """Append (n, columns) rows."""
        with self._raw_path.open("ab") as file:
            file.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self.row_count += len(rows)

    def finish(self) -> None:
        """Put the header before the rows."""
        header = {
            "descr": self._dtype.str,
            "fortran_order": False,
            "shape": (self.row_count, self._columns),
        }
        with self._path.open("wb") as file, self._raw_path.open("rb") as source:
            np.lib.format.write_array_header_1_0(file, header)
            while chunk := source.read(_COPY_BYTES):
                file.write(chunk)
        self._raw_path.unlink()
