"""Settings of the encoder of a data folder."""

from dataclasses import replace
from pathlib import Path

from services.embedding.config import EmbeddingConfig
from services.training.bundles import bundle_folder
from shared.config import load


def encoder_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """Settings from the environment, with the bundle in use and the data folder's memory of the engines' trial."""
    return _of_folder(data, bundle_folder(data, bundle))


def serving_config(data: Path, bundle: str = "") -> EmbeddingConfig:
    """The same for an engine that serves: it follows the bundle in use, unless one is named.

    Indexing beside serving uses one core, so that pages keep the other.
    """
    return replace(_of_folder(data, bundle_folder(data, bundle) if bundle else None), product_threads=1)


def _of_folder(data: Path, bundle: Path | None) -> EmbeddingConfig:
    config = load(EmbeddingConfig)
    return replace(config, bundle=config.bundle or str(bundle or ""), cache=config.cache or str(data / "engines"))
