"""A memory on disk: DATA/<name>/<version>/, immutable, and `current`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from shared import artifacts
from shared.errors import Corrupt

_KEPT = 3  # versions: readers may still be at the one before
_REMEDY = "remove it; the trainer makes the next one"


class Memory(Protocol):
    """What is kept: it never changes."""

    def __len__(self) -> int: ...

    def warm(self) -> None:
        """Make what a first page would otherwise wait for."""
        ...


Content = TypeVar("Content", bound=Memory)


@dataclass(frozen=True)
class MemoryStore(Generic[Content]):
    """Writes and reads one kind of memory."""

    name: str  # of the folder in DATA
    format: int
    # Writes the files of a memory into a folder, and says what the manifest tells of it
    write_files: Callable[[Path, Content], Mapping[str, Any]]
    # Reads them, by the folder and the manifest. May raise OSError, ValueError and KeyError
    read_files: Callable[[Path, Mapping[str, Any]], Content]

    def root(self, data: Path) -> Path:
        """Where the versions of a data folder are."""
        return data / self.name

    def write(self, root: Path, version: str, memory: Content, built_seconds: float) -> None:
        """Write a version and use it from now on; versions before the last few are removed."""
        with artifacts.new_version(root, version) as folder:
            fields = self.write_files(folder, memory)
            content = {"format": self.format, "version": version, **fields, "built_seconds": built_seconds}
            artifacts.write_manifest(folder, content)
        artifacts.set_current(root, version)
        for old in artifacts.versions(root)[:-_KEPT]:
            shutil.rmtree(root / old, ignore_errors=True)

    def read(self, root: Path, version: str) -> Content:
        """Open a version.

        Raises NotFound without one, Corrupt naming the folder or the file if it cannot be read.
        """
        folder = root / version
        manifest = artifacts.read_manifest(folder)
        if manifest.get("format") != self.format:
            raise Corrupt(f"{folder} has format {manifest.get('format')!r}, not {self.format}; {_REMEDY}")
        try:
            return self.read_files(folder, manifest)
        except (OSError, ValueError, KeyError) as error:
            raise Corrupt(f"{folder} cannot be read ({error}); {_REMEDY}") from error
