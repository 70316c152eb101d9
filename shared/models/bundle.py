"""A bundle: the models that work together, in one immutable folder.

bundle.json         version, what it was trained on, a checksum a file
heads.safetensors   state_projection.weight, token_weight.{weight,bias}, optionally encoder.* tensors
block.onnx          the interaction block
ranker.txt          the learned ranker, and ranker.json with its features
recommend.json      the learned rankers of recommendations, and recommend*.txt with their trees; optional
cross_encoder.onnx  a small cross-encoder for comparison, with its tokenizer.json; optional
"""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import artifacts
from shared.errors import Corrupt, NotFound
from shared.manifest_fields import CHECKSUM, OBJECT, TEXT, Fields, Kind, is_plain_path

FOLDER = "bundles"
MANIFEST = "bundle.json"
HEADS = "heads.safetensors"
BLOCK = "block.onnx"
RANKER = "ranker.txt"
RANKER_FEATURES = "ranker.json"
RANKER_FILES = (RANKER, RANKER_FEATURES)
RECOMMEND = "recommend.json"
RECOMMEND_FOR_YOU = "recommend.txt"
RECOMMEND_FOR_YOU_NEW = "recommend_new.txt"  # for products that are new to the visitor
RECOMMEND_ALSO_BOUGHT = "recommend_also_bought.txt"
RECOMMEND_FILES = (RECOMMEND, RECOMMEND_FOR_YOU, RECOMMEND_FOR_YOU_NEW, RECOMMEND_ALSO_BOUGHT)
CROSS_ENCODER = "cross_encoder.onnx"
TOKENIZER = "tokenizer.json"
_LIST = Kind("a list", lambda value: isinstance(value, list))
_FIELDS = Fields(
    {"version": TEXT},
    {
        "encoder": TEXT,
        "created": TEXT,
        "trained_on": _LIST,
        **dict.fromkeys(("files", "metrics", "training"), OBJECT),
    },
    "train the bundle again or roll back",
)
ENCODER_PREFIX = "encoder."  # of tensors in heads.safetensors that replace the encoder's own


@dataclass(frozen=True)
class Bundle:
    """The content of bundle.json, and the paths of the files."""

    folder: Path
    version: str
    encoder: str = ""
    created: str = ""
    trained_on: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # name -> sha256
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path | None:
        """The path of a file of the bundle. Returns None if it has no such file."""
        return self.folder / name if name in self.files else None


def read(folder: Path, verify: bool = True) -> Bundle:
    """Read a bundle's manifest and, unless `verify` is False, check its files.

    Raises NotFound if the folder has no bundle.json, Corrupt if that is unreadable or a file does
    not match it.
    """
    bundle = _parse(folder)
    for name, expected in bundle.files.items():
        _check(folder / name, expected, verify)
    return bundle


def copy_models(bundle: Bundle, folder: Path, without: Collection[str] = ()) -> None:
    """Copy the files of a bundle into a folder, but for those whose place others take."""
    for name in bundle.files:
        if name not in without:
            shutil.copyfile(bundle.folder / name, folder / name)


def _parse(folder: Path) -> Bundle:
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text())
        _check_fields(path, content)
        encoder = str(content.get("encoder", ""))
        created = str(content.get("created", ""))
        trained_on = tuple(content.get("trained_on", ()))
        files, metrics, training = (dict(content.get(name, {})) for name in ("files", "metrics", "training"))
        return Bundle(folder, _name(folder, content), encoder, created, trained_on, files, metrics, training)
    except FileNotFoundError as error:
        raise NotFound(f"{folder} has no {MANIFEST}, so it is not a bundle") from error
    except (IsADirectoryError, ValueError) as error:
        raise Corrupt(f"{path} cannot be read ({error}); train the bundle again or roll back") from error


def _name(folder: Path, content: Mapping[str, Any]) -> str:
    """The name of a bundle. In DATA/bundles this is its folder's name.

    The bundle.json of a copied bundle has the name of the original.
    """
    # The folder name of an unfinished version
    is_named = folder.parent.name == FOLDER and not folder.name.startswith(".")
    return folder.name if is_named else str(content["version"])


def _check_fields(path: Path, content: Any) -> None:
    _FIELDS.check(path, content)
    files = content.get("files", {})
    _FIELDS.of_each(files, CHECKSUM).check(path, files, "files")
    if strange := [name for name in files if not is_plain_path(name)]:
        raise Corrupt(
            f"{path}: files has {strange[0][:60]!r}, which is not in its folder; train the bundle again"
        )


def _check(path: Path, expected: str, verify: bool) -> None:
    if not path.is_file():
        raise Corrupt(f"{path} is missing; train the bundle again or roll back")
    if verify and artifacts.sha256(path) != expected:
        raise Corrupt(f"{path} does not match its checksum; train the bundle again or roll back")
