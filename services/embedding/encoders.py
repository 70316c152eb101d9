"""The encoders in use.

They are those that snapshots on disk name, and the promoted bundle's, which comes next.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from services.embedding.batching import QueryBatcher
from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.opening import HASH, batch_limits, encoder_files, fits, open_encoder
from services.embedding.weights import EncoderFiles
from shared import artifacts
from shared.errors import AisleError, SnapshotGone, Unavailable
from shared.log_once import LogOnce
from shared.models import bundle
from shared.models.registry import Registry
from shared.snapshot.generation import encoder_version, read_manifest, snapshots_of

_LOG = logging.getLogger(__name__)

_WARM = "warm"


@dataclass(frozen=True)
class OpenEncoder:
    """An encoder, and its queue of queries."""

    version: str  # as snapshots name it
    encoder: TextEncoder | HashEncoder
    batcher: QueryBatcher

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The encoder's fields in a manifest."""
        return asdict(self.encoder.identity)


class Encoders:
    """Follows the snapshots and the promoted bundle of a data folder."""

    def __init__(self, config: EmbeddingConfig, data: Path, warm: bool = True) -> None:
        """`config.bundle` replaces the promoted bundle.

        `warm` builds query engines before the first query.
        """
        self._config = config
        self._data = data
        self._warm = warm
        self._open: dict[str, OpenEncoder] = {}
        self._named: dict[str, Mapping[str, Any]] = {}  # snapshot -> encoder of its manifest
        self._target = ""  # version
        self._missing: set[str] = set()  # versions whose weights or bundle are missing
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Open the encoders named now, and close the others.

        It may take seconds, so call it off the event loop. Raises NotFound or Corrupt if one of
        them cannot be opened; the others are open then.
        """
        with self._lock:
            target = self._target_folder()
            self._target = self._version(target)
            wanted = dict(self._of_snapshots()) | {self._target: target}
            failure: AisleError | None = None
            opened: dict[str, OpenEncoder] = {}
            for version, folder in wanted.items():
                try:
                    opened[version] = self._opened(version, folder)
                except AisleError as error:  # the others are opened all the same
                    failure = error
            self._open = opened
            if failure:
                raise failure

    @property
    def target(self) -> OpenEncoder:
        """The promoted bundle's encoder, which new snapshots use.

        Raises Unavailable while it is not open.
        """
        if self._target not in self._open:
            raise Unavailable(f"the encoder {self._target} is not open yet; ask again")
        return self._open[self._target]

    def get(self, version: str = "") -> OpenEncoder:
        """The encoder of that version. Without a version, the current snapshot's, or else the
        target.

        Raises SnapshotGone.
        """
        opened = self._open
        if not version:
            version = encoder_version(self._named.get(self._current(), {}))
            return opened.get(version) or self.target
        if version not in opened:
            raise SnapshotGone(
                f"encoder_version: {version} is not open here ({', '.join(opened) or 'none'} is)"
            )
        return opened[version]

    def all(self) -> Mapping[str, OpenEncoder]:
        """Every open encoder, by version."""
        return dict(self._open)

    @staticmethod
    def encoder_of(snapshot: Path) -> str:
        """The version of the encoder that made the snapshot in a folder."""
        return encoder_version(_encoder_of(snapshot))

    async def follow(self, refresh_seconds: float) -> None:
        """Refresh forever. An error is logged once, and open encoders stay open."""
        failures = LogOnce(_LOG, "an encoder cannot be opened, the others stay open: %s")
        while True:
            try:
                await asyncio.to_thread(self.refresh)
                failures.recovered()
            except Exception as error:  # keep following after any error
                failures.log(error)
            await asyncio.sleep(refresh_seconds)

    def close(self) -> None:
        """End the threads."""
        for each in self._open.values():
            each.batcher.close()

    def _current(self) -> str:
        """The snapshot in use. Empty if there is none, or its name cannot be read."""
        try:
            return artifacts.current(snapshots_of(self._data)) or ""
        except AisleError:  # the service that serves it reports the fault
            return ""

    def _of_snapshots(self) -> Iterator[tuple[str, Path | None]]:
        """The encoders of the snapshots on disk that can be opened."""
        root = snapshots_of(self._data)
        names = artifacts.versions(root)
        self._named = {name: self._named.get(name) or _encoder_of(root / name) for name in names}
        for encoder in self._named.values():
            version = encoder_version(encoder)
            heads = str(encoder.get("heads_sha256", ""))
            found = Registry.of(self._data).with_heads(heads) if heads else None
            folder = found.folder if found else None
            if version and self._version(folder) == version:
                yield version, folder
            elif version not in self._missing:
                self._missing.add(version)
                _LOG.warning(
                    "the weights or the bundle of %s are missing; its snapshot is searched by words alone",
                    version,
                )

    def _target_folder(self) -> Path | None:
        if self._config.bundle:
            return Path(self._config.bundle)
        in_use = Registry.of(self._data).in_use()
        return in_use.folder if in_use else None

    def _version(self, folder: Path | None) -> str:
        """The version of the weights with a bundle's heads."""
        if self._files is None:
            return encoder_version(asdict(HashEncoder.identity))
        heads = self._heads(folder, self._files) if folder else ""
        return encoder_version(
            {"name": self._files.name, "sha256": self._files.sha256, "heads_sha256": heads}
        )

    @staticmethod
    def _heads(folder: Path, files: EncoderFiles) -> str:
        """The checksum of a bundle's heads. Empty if they were made for another encoder."""
        found = bundle.read(folder, verify=False)
        return found.files.get(bundle.HEADS, "") if fits(found, files) else ""

    @cached_property
    def _files(self) -> EncoderFiles | None:
        """The weights. They are looked up once, because their checksum takes a while.

        None for the hash encoder, which has none.
        """
        return None if self._config.model == HASH else encoder_files(self._config)

    def _opened(self, version: str, folder: Path | None) -> OpenEncoder:
        if version in self._open:
            return self._open[version]
        encoder = open_encoder(replace(self._config, bundle=str(folder or "")))
        if self._warm:
            encoder.encode_queries([_WARM])
            _LOG.info("%s on %s", version, encoder.engines["queries"])
        return OpenEncoder(version, encoder, QueryBatcher(encoder, batch_limits(self._config)))


def _encoder_of(folder: Path) -> Mapping[str, Any]:
    try:
        encoder: Mapping[str, Any] = read_manifest(folder, verify=False).get("encoder", {})
    # It was removed just now, or is broken; the service that serves it reports that
    except AisleError:
        return {}
    return encoder
