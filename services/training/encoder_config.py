"""Settings of a data folder's encoder."""

from dataclasses import replace
from pathlib import Path

from services.embedding.config import EmbeddingConfig
from services.embedding.opening import encoder_files
from services.embedding.weights import EncoderFiles
from shared.config import load
from shared.errors import InvalidRequest
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


def trainable_files(config: EmbeddingConfig) -> EncoderFiles:
    """The encoder's files, if training can read them as searches do.

    Raises InvalidRequest for an encoder that is no BERT with mean pooling and without prompts.
    """
    files = encoder_files(config)
    if not files.sentence.is_plain or files.architecture().get("model_type") != "bert":
        trained = "training reads BERT encoders with mean pooling and without prompts"
        reason = f"is {files.name}; {trained}; 'aisle train ranker' works with any"
        raise InvalidRequest("AISLE_EMBEDDING_MODEL", reason)
    return files


def _of_folder(data: Path, bundle: Bundle | None) -> EmbeddingConfig:
    config = load(EmbeddingConfig)
    folder = str(bundle.folder) if bundle else ""
    return replace(config, bundle=config.bundle or folder, cache=config.cache or str(data / "engines"))
