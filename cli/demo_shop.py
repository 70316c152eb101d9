"""The demo's shop on disk. It is written and indexed once, and reused later."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sample import write_sample
from sample.folder import ENGLISH
from shared.artifacts import current, sha256
from shared.models.registry import Registry

CATALOG = "products.jsonl"
_INDEXED = "indexed.json"  # records the inputs of the snapshot


@dataclass(frozen=True)
class DemoShop:
    """A folder with the sample catalogue and its snapshots."""

    data: Path
    language: str = ENGLISH  # BCP 47

    @property
    def catalog(self) -> Path:
        """The catalogue file."""
        return self.data / "sample" / CATALOG

    def write(self) -> int:
        """Write the sample catalogue, which is the same every time.

        Returns the number of products.
        """
        write_sample(self.catalog.parent, language=self.language)
        return len(self.products())

    def products(self) -> list[dict[str, Any]]:
        """The catalogue's rows."""
        with self.catalog.open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def indexed(self) -> bool:
        """Whether a snapshot of exactly this catalogue exists, made with the models in use."""
        return current(self.data / "snapshots") is not None and self._noted() == self._made_of()

    def note_indexed(self) -> None:
        """Record the inputs of the snapshot."""
        (self.data / _INDEXED).write_text(json.dumps(self._made_of()))

    def _noted(self) -> object:
        try:
            return json.loads((self.data / _INDEXED).read_text())
        except (OSError, ValueError):  # never indexed, or not completely
            return None

    def _made_of(self) -> dict[str, str]:
        return {"catalog": sha256(self.catalog), "bundle": Registry.of(self.data).version_in_use()}
