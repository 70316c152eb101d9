"""A manifest whose fields are of another kind is named, with the field, and is no traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import artifacts
from shared.errors import Corrupt
from shared.models import bundle
from shared.snapshot.generation import FORMAT, read_manifest

SHA = "0" * 64
SNAPSHOT = {
    "format": FORMAT,
    "version": "v1",
    "product_count": 3,
    "encoder": {"name": "e", "sha256": SHA, "dim": 2},
}
BUNDLE = {"version": "b1", "files": {}, "metrics": {}, "training": {}, "trained_on": []}


def _snapshot(folder: Path, content: Any) -> Path:
    path = folder / "v1"
    path.mkdir()
    (path / artifacts.MANIFEST).write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": 3}, "version is 3, not a text"),
        ({"version": "../../x"}, "version is '../../x', but the folder has another name"),
        ({"product_count": "3"}, "product_count is '3', not a whole number"),
        ({"product_count": True}, "product_count is True, not a whole number"),
        ({"log_position": -5}, "log_position is -5, not a whole number"),
        ({"vectors_position": "x"}, "vectors_position is 'x', not a whole number"),
        ({"vectors_position": 2**70}, "vectors_position is "),
        ({"encoder": ["e"]}, r"encoder is \['e'\], not an object"),
        ({"encoder": {"name": None}}, "encoder.name is None, not a text"),
        ({"encoder": {"dim": 2.5}}, "encoder.dim is 2.5, not a whole number"),
        ({"dense": "flat"}, "dense is 'flat', not an object"),
        (
            {"dense": {"kind": "hnsw", "ef_search": "many"}},
            "dense.ef_search is 'many', not a whole number",
        ),
        ({"created": "yesterday"}, "created is 'yesterday', not a number"),
        ({"files": []}, r"files is \[\], not an object"),
        ({"files": {"a": {}}}, "has no files.a.bytes"),
        ({"files": {"a": 3}}, "files.a is 3, not an object"),
        (
            {"files": {"a": {"bytes": "1", "sha256": SHA}}},
            "files.a.bytes is '1', not a whole number",
        ),
        (
            {"files": {"a": {"bytes": 1, "sha256": 7}}},
            "files.a.sha256 is 7, not a SHA-256 checksum",
        ),
        (
            {"files": {"../../etc/passwd": {"bytes": 1, "sha256": SHA}}},
            "which is not in its folder",
        ),
        ({"files": {"/etc/passwd": {"bytes": 1, "sha256": SHA}}}, "which is not in its folder"),
    ],
)
def test_a_field_of_a_snapshot_s_manifest_is_named(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Corrupt, match=f"manifest.json.*{field}"):
        read_manifest(_snapshot(tmp_path, {**SNAPSHOT, "files": {}, **change}), verify=False)


@pytest.mark.parametrize("missing", ["version", "product_count", "encoder", "files"])
def test_a_field_that_a_snapshot_s_manifest_does_not_have_is_named(tmp_path: Path, missing: str) -> None:
    content = {name: value for name, value in {**SNAPSHOT, "files": {}}.items() if name != missing}
    with pytest.raises(Corrupt, match=f"manifest.json cannot be read: it has no {missing}"):
        read_manifest(_snapshot(tmp_path, content), verify=False, whole=True)


@pytest.mark.parametrize("content", [[1, 2], "null", None, 3])
@pytest.mark.parametrize(
    ("read", "name"),
    [(artifacts.read_manifest, artifacts.MANIFEST), (bundle.read, bundle.MANIFEST)],
)
def test_a_manifest_that_is_no_object_is_named(
    tmp_path: Path, read: Callable[[Path], object], name: str, content: Any
) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(Corrupt, match=f"{name} cannot be read: all of it is "):
        read(tmp_path)


@pytest.mark.parametrize("name", [artifacts.MANIFEST, bundle.MANIFEST])
def test_a_manifest_that_is_a_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(Corrupt, match=f"{name} cannot be read"):
        (artifacts.read_manifest if name == artifacts.MANIFEST else bundle.read)(tmp_path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": 3}, "version is 3, not a text"),
        ({"encoder": {}}, "encoder is {}, not a text"),
        ({"created": 3}, "created is 3, not a text"),
        ({"trained_on": "queries"}, "trained_on is 'queries', not a list"),
        ({"metrics": [["a", 1]]}, "metrics is .*, not an object"),
        ({"training": 3}, "training is 3, not an object"),
        ({"files": []}, r"files is \[\], not an object"),
        ({"files": {"ranker.txt": 3}}, "files.ranker.txt is 3, not a SHA-256 checksum"),
        ({"files": {"../ranker.txt": SHA}}, "which is not in its folder"),
    ],
)
def test_a_field_of_a_bundle_s_manifest_is_named(
    tmp_path: Path,
    change: dict[str, Any],
    field: str,
) -> None:
    (tmp_path / bundle.MANIFEST).write_text(json.dumps({**BUNDLE, **change}))
    with pytest.raises(Corrupt, match=f"bundle.json.*{field}"):
        bundle.read(tmp_path)
