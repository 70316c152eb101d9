"""Entries (field, row, value) on disk, sorted by field and row.

Sorting holds one chunk in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK_ENTRIES = 1 << 20


def append(path: Path, values: NDArray[Any]) -> None:
    """Add the bytes of `values` to a file."""
    with path.open("ab") as file:
        file.write(values.tobytes())


def mapped(path: Path, kind: str) -> NDArray[Any]:
    """The file as an array (n,) that is read on access."""
    return np.memmap(path, kind, mode="r") if path.stat().st_size else np.empty(0, kind)


class EntryWriter:
    """Takes entries in the order of their rows, and sorts them by field.

    See `columns` for the files.
    """

    def __init__(self, folder: Path, name: str, values: str, kind: np.dtype[Any]) -> None:
        self._rows = folder / f"{name}.rows"
        self._values = folder / f"{name}.{values}"
        self._unsorted = folder / f"{name}.unsorted"
        self._record = np.dtype([("field", "<u4"), ("row", "<u4"), ("value", kind)])
        self._fields: dict[str, int] = {}
        self._counts: list[int] = []
        self._pending: list[tuple[int, int, float]] = []

    def add(self, field: str, row: int, value: float) -> None:
        """Add one entry."""
        code = self._fields.setdefault(field, len(self._fields))
        if code == len(self._counts):
            self._counts.append(0)
        self._counts[code] += 1
        self._pending.append((code, row, value))

    def flush(self) -> None:
        """Write buffered entries to disk."""
        append(self._unsorted, np.array(self._pending, self._record))
        self._pending = []

    def finish(self, renamed: NDArray[np.uint32] | None = None) -> dict[str, tuple[int, int]]:
        """Sort by counting, chunk by chunk, and return each field's range.

        `renamed` holds new codes for the values.
        """
        ends = np.cumsum(self._counts, dtype=np.int64)
        starts = ends - np.array(self._counts, np.int64)
        self._scatter(starts.copy(), renamed)
        self._unsorted.unlink()
        return {name: (int(starts[code]), int(ends[code])) for name, code in self._fields.items()}

    def _scatter(self, free: NDArray[np.int64], renamed: NDArray[np.uint32] | None) -> None:
        entries = mapped(self._unsorted, self._record)  # type: ignore[arg-type]
        rows = self._created(self._rows, "row")
        values = self._created(self._values, "value")
        for start in range(0, len(entries), _CHUNK_ENTRIES):
            chunk = entries[start : start + _CHUNK_ENTRIES]
            chunk = chunk[np.argsort(chunk["field"], kind="stable")]
            fields, firsts, counts = np.unique(chunk["field"], return_index=True, return_counts=True)
            places = np.arange(len(chunk)) + np.repeat(free[fields] - firsts, counts)
            free[fields] += counts
            rows[places] = chunk["row"]
            values[places] = chunk["value"] if renamed is None else renamed[chunk["value"]]

    def _created(self, path: Path, part: str) -> NDArray[Any]:
        count = sum(self._counts)
        kind = self._record[part]
        if count:
            return np.memmap(path, kind, mode="w+", shape=(count,))
        path.touch()
        return np.empty(0, kind)
