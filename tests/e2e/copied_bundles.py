"""Bundles like the one that Aisle ships, for tests that promote them."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file

from shared.artifacts import set_current
from shared.models.bundle import HEADS, MANIFEST, RANKER_FEATURES
from shared.models.registry import DEFAULT

SAME_HEADS = "20260101T000000.000001Z"
OTHER_HEADS = "20260101T000000.000002Z"
NEVER_PROMOTED = "20990101T000000.000000Z"  # the newest by its name


def copied_bundles(data: Path) -> list[str]:
    """Write three bundles. Returns the names of the two that may be promoted.

    The third ranks in reverse order.
    """
    for name in (SAME_HEADS, OTHER_HEADS, NEVER_PROMOTED):
        shutil.copytree(DEFAULT, data / "bundles" / name)
    _change_heads(data / "bundles" / OTHER_HEADS / HEADS)
    _reverse(data / "bundles" / NEVER_PROMOTED / RANKER_FEATURES)
    for name in (SAME_HEADS, OTHER_HEADS, NEVER_PROMOTED):
        _seal(data / "bundles" / name)
    return [SAME_HEADS, OTHER_HEADS]


def promote_weighted(bundles: Path, weights: Mapping[str, float]) -> None:
    """Promote the default bundle with a ranker that also weighs these features."""
    folder = bundles / "weighted"
    shutil.copytree(DEFAULT, folder)
    ranker = json.loads((folder / RANKER_FEATURES).read_text())
    ranker["prior"].update(weights)
    (folder / RANKER_FEATURES).write_text(json.dumps(ranker))
    _seal(folder)
    set_current(bundles, folder.name)


def _change_heads(path: Path) -> None:
    """Change the heads' checksum, so that all products must be encoded again before they serve."""
    save_file({name: values * 1.001 for name, values in load_file(path).items()}, path)


def _reverse(path: Path) -> None:
    content = json.loads(path.read_text())
    content["prior"] = {name: -weight for name, weight in content["prior"].items()}
    path.write_text(json.dumps(content))


def _seal(folder: Path) -> None:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    manifest["version"] = folder.name
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
