"""Settings of a data folder's encoder."""

from dataclasses import replace
from pathlib import Path

from services.embedding.config import EmbeddingConfig
from shared.config import load
from shared.models.bundle import Bundle
from shared.models.registry import Registry


def encoder_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """Settings from the environment, with the bundle in use and the cache of engine trials."""
    return _of_folder(data, Registry.of(data).chosen(bundle))


def serving_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """The same for a process that serves: it follows the bundle in use, unless one is named.

    Indexing uses one core, and leaves the others to pages.
    """
    return replace(_of_folder(data, Registry.of(data).named(bundle) if bundle else None), product_threads=1)


def _of_folder(data: Path, bundle: Bundle | None) -> EmbeddingConfig:
    config = load(EmbeddingConfig)
    folder = str(bundle.folder) if bundle else ""
    return replace(config, bundle=config.bundle or folder, cache=config.cache or str(data / "engines"))
