"""One index generation on disk: its folders, its manifest, and the parts that an indexer reuses.

DATA/snapshots/<version>/  manifest.json, products/, dense/, states/, lexical/, columns/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared import artifacts
from shared.arrays import load
from shared.errors import AisleError, Corrupt, shortened
from shared.manifest_fields import COUNT, NUMBER, OBJECT, TEXT, Fields
from shared.snapshot.change import Encoding
from shared.snapshot.products import ProductStore
from shared.snapshot.states import ProductStates
from shared.snapshot.variants import Variants

SNAPSHOTS = "snapshots"
FORMAT = 1

_POSITIONS = {"log_position": COUNT, "vectors_position": COUNT}
_WHOLE = {"product_count": COUNT, "encoder": OBJECT}
_FIELDS = Fields(
    {"version": TEXT},
    {
        **_WHOLE,
        "dense": OBJECT,
        "created": NUMBER,
        "dense_floor": NUMBER,
        "known_words_floor": NUMBER,
        "unknown_languages": OBJECT,
        **_POSITIONS,
    },
)
_WHOLE_FIELDS = Fields(_WHOLE, {})
_ENCODER = Fields({}, {"name": TEXT, "sha256": TEXT, "heads_sha256": TEXT, "dim": COUNT, "state_dim": COUNT})
_DENSE = Fields(
    {},
    {"kind": TEXT, "recall_at_100": NUMBER, "ef_search": COUNT, "nprobe": COUNT, "k_factor": COUNT},
)


def snapshots_of(data: Path) -> Path:
    """The snapshots of DATA."""
    return data / SNAPSHOTS


def new_version_name() -> str:
    """A name for a new version that sorts after earlier ones: 20261124T021500.123456Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions up to which a snapshot contains the logs."""

    catalog: int = 0  # offset in aisle.catalog
    # Offset in aisle.vectors; later records are applied to the snapshot while it serves
    vectors: int = 0

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Positions:
        """The positions in a manifest.

        A manifest older than aisle.vectors contains none of its records.
        """
        return cls(int(manifest.get("log_position", 0)), int(manifest.get("vectors_position", 0)))


def lineage_of(manifest: Mapping[str, Any]) -> str:
    """The snapshot into which a catalogue file was last indexed beside a log.

    Empty if there was none. Changes in aisle.vectors apply to snapshots of their own lineage only,
    because other snapshots have products unknown to them.
    """
    return str(manifest.get("lineage", ""))


def encoder_version(encoder: Mapping[str, Any]) -> str:
    """The name by which services refer to the encoder in a manifest.

    It combines weights and heads, as in `all-MiniLM-L6-v2@53aa51172d14+<heads>`.
    """
    if not encoder:
        return ""
    heads = str(encoder.get("heads_sha256", ""))
    weights = f"{encoder.get('name', '')}@{str(encoder.get('sha256', ''))[:12]}"
    return weights + (f"+{heads[:12]}" if heads else "")


@dataclass(frozen=True)
class Generation:
    """The parts of a snapshot that an indexer reuses.

    Products, vectors (n, dim) and states by row, all memory-mapped.
    """

    version: str
    manifest: dict[str, Any]
    products: ProductStore
    vectors: NDArray[np.floating[Any]]
    states: ProductStates
    variants: Variants

    def encoding(self, row: int) -> Encoding:
        """The encoding of the product in a row."""
        return Encoding(np.asarray(self.vectors[row], np.float16), self.states.of(row))

    @property
    def encoder(self) -> dict[str, Any]:
        """The encoder that made the vectors and states."""
        encoder: dict[str, Any] = self.manifest["encoder"]
        return encoder

    @property
    def encoder_version(self) -> str:
        """The encoder, by the name that services use."""
        return encoder_version(self.encoder)

    @property
    def lineage(self) -> str:
        """See lineage_of."""
        return lineage_of(self.manifest)

    @property
    def positions(self) -> Positions:
        """The positions up to which the snapshot contains the logs."""
        return Positions.of(self.manifest)


def read_manifest(folder: Path, verify: bool = True, whole: bool = False) -> dict[str, Any]:
    """The manifest of a generation that this version can read.

    `whole` requires its encoder and product count, too. Raises as artifacts.read_manifest does, and
    Corrupt if a field has the wrong type.
    """
    manifest = artifacts.read_manifest(folder, verify)
    if manifest.get("format") != FORMAT:
        raise Corrupt(
            f"{folder} has format {manifest.get('format')}, not {FORMAT}; index the catalogue again"
        )
    _check_fields(folder / artifacts.MANIFEST, manifest)
    if whole:
        _WHOLE_FIELDS.check(folder / artifacts.MANIFEST, manifest)
    return manifest


def _check_fields(path: Path, manifest: Mapping[str, Any]) -> None:
    _FIELDS.check(path, manifest)
    _ENCODER.check(path, manifest.get("encoder", {}), "encoder")
    _DENSE.check(path, manifest.get("dense", {}), "dense")
    if manifest["version"] != path.parent.name:
        raise Corrupt(
            f"{path}: version is {manifest['version'][:60]!r}, but the folder has another name; give it back"
        )


@contextmanager
def broken_file_named(folder: Path) -> Iterator[None]:
    """Raise Corrupt, naming the file and the remedy, for a library's error about a snapshot's
    files.
    """
    try:
        yield
    except (AisleError, OSError, MemoryError):
        raise
    except Exception as error:
        artifacts.read_manifest(folder)  # raises with the name of the changed file
        raise Corrupt(
            f"{folder}: it cannot be opened ({shortened(str(error))}); rebuild it or roll back"
        ) from error


def open_generation(folder: Path, verify: bool = True) -> Generation:
    """Open a generation. Raises NotFound without a manifest.

    Raises Corrupt if a file does not match it, or the parts differ in length.
    """
    manifest = read_manifest(folder, verify, whole=True)
    with broken_file_named(folder):
        products = ProductStore.open(folder / "products")
        vectors = load(folder / "dense" / "vectors.npy", mmap_mode="r")
        states = ProductStates(folder / "states")
        variants = Variants(folder / "products", products)
    if not len(products) == len(vectors) == len(states) == manifest["product_count"]:
        raise Corrupt(f"{folder}: its parts differ in length; index the catalogue again")
    return Generation(manifest["version"], manifest, products, vectors, states, variants)


def current_generation(data: Path, verify: bool = True) -> Generation | None:
    """The snapshot in use. Returns None if there is none yet."""
    version = artifacts.current(snapshots_of(data))
    return open_generation(snapshots_of(data) / version, verify) if version else None
