"""Reads arrays of files, from one thread at a time."""

from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np

_LOCK = Lock()


def load(path: Path, mmap_mode: Literal["r"] | None = None) -> Any:
    """numpy.load.

    It parses the header as Python. CPython 3.11 counts how deep that is for all threads together, so
    two at once may raise SystemError ("AST constructor recursion depth mismatch").
    """
    with _LOCK:
        return np.load(path, mmap_mode=mmap_mode)
