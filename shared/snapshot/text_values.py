"""The distinct texts of a snapshot's columns, on disk."""

from __future__ import annotations

import json
import mmap
from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT_EVERY = 32  # cached texts: 1 MB of memory for 300,000


def order_of(value: str) -> tuple[str, str]:
    """The key by which texts are sorted: without regard to case, then by their letters."""
    return value.casefold(), value


class Values:
    """The distinct texts, by code, read from disk on demand.

    A few are kept in memory to speed up lookups.
    """

    def __init__(self, data: bytes | mmap.mmap, offsets: NDArray[np.int64]) -> None:
        self._data = data
        self._offsets = offsets.data
        self._kept = [self._key(code) for code in range(0, len(self), _KEPT_EVERY)]

    @classmethod
    def open(cls, folder: Path) -> Values:
        """Map the files."""
        offsets = np.fromfile(folder / "values.offsets", "<i8")
        if offsets[-1] == 0:
            return cls(b"", offsets)
        with (folder / "values.txt").open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), offsets)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def sorted_count(self) -> int:
        """Codes below it are in the order of their texts. All are."""
        return len(self)

    def __getitem__(self, code: int) -> str:
        line = bytes(self._data[self._offsets[code] : self._offsets[code + 1] - 1])
        return str(json.loads(b'"' + line + b'"')) if b"\\" in line else line.decode()

    def sort_keys(self, codes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """See Texts."""
        return codes.astype(np.float64)

    def place(self, value: str) -> int:
        """How many of the texts come before a text."""
        return bisect_left(range(len(self)), order_of(value), key=lambda code: order_of(self[code]))

    def code(self, value: str) -> int | None:
        """The code of exactly this text. Returns None if no product has it."""
        return next((code for code in self.codes(value) if self[code] == value), None)

    def spans(self, value: str) -> list[range]:
        """The codes of a text in any letter case, as ranges."""
        codes = self.codes(value)
        return [codes] if codes else []

    def codes(self, value: str) -> range:
        """The codes of a text in any letter case.

        They form a range, because the texts are sorted without regard to case.
        """
        key = value.casefold()
        # The first cached text that does not come before the text
        last = bisect_left(self._kept, key) * _KEPT_EVERY
        low = max(0, last - _KEPT_EVERY)
        high = min(last, len(self))
        low = high = bisect_left(range(len(self)), key, low, high, key=self._key)
        while high < len(self) and self._key(high) == key:
            high += 1
        return range(low, high)

    def _key(self, code: int) -> str:
        return self[code].casefold()
