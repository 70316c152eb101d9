"""The words that a snapshot's encoder knows as they are, whether the catalogue has them or not.

encoder_words.txt    folded, one a line, sorted; missing where the encoder has none
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_FILE = "encoder_words.txt"


def write(folder: Path, words: Iterable[str]) -> None:
    """Write the words into the folder of a snapshot."""
    if found := sorted(set(words)):
        (folder / _FILE).write_text("\n".join(found), "utf-8")


def read(folder: Path) -> frozenset[str]:
    """The words in the folder of a snapshot."""
    path = folder / _FILE
    return frozenset(path.read_text("utf-8").split("\n")) if path.exists() else frozenset()
