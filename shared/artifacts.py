"""Immutable versioned folders, and the pointer to the current one.

ROOT/<version>/manifest.json          the content of the folder, with a checksum a file
ROOT/<version>/manifest.json.sha256   the checksum of manifest.json itself
ROOT/current                          the name of the version in use, replaced atomically

A version is written as ROOT/.tmp-<version>, and renamed once all of its bytes are on disk. So a
crash at any byte leaves the earlier versions as they were, and no broken one that a reader would
open.
"""

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from shared.errors import Corrupt, NotFound, StorageFull, Unavailable
from shared.manifest_fields import CHECKSUM, COUNT, OBJECT, Fields, is_plain_path
from shared.watchdog import progress

MANIFEST = "manifest.json"
SEAL = "manifest.json.sha256"
CURRENT = "current"
_UNFINISHED = ".tmp-"
_FIELDS = Fields({"files": OBJECT}, {})
_FILE_FIELDS = Fields({"bytes": COUNT, "sha256": CHECKSUM}, {})
_CHUNK_BYTES = 1 << 20
# With less free space than this, an unexplained failure of a library counts as a full disk
_LITTLE_BYTES = 64 << 10


def sha256(path: Path) -> str:
    """The SHA-256 checksum of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            progress(f"reading {path}")
    return digest.hexdigest()


@contextmanager
def new_version(root: Path, version: str) -> Iterator[Path]:
    """A folder to fill. It becomes ROOT/<version> when the block ends, and is removed if the block
    raises.

    Raises StorageFull if the disk is full, even if only a library noticed.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{_UNFINISHED}{version}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with full_disk_named(root):
            yield folder
            _sync_tree(folder)
            os.replace(folder, root / version)
            sync(root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_remains(root: Path, unchanged_seconds: float = 0.0) -> None:
    """Remove the versions that killed processes left unfinished in ROOT.

    One that changed within `unchanged_seconds` is kept: another process may be writing it.
    """
    for folder in root.glob(f"{_UNFINISHED}*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime >= unchanged_seconds:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def full_disk_named(root: Path) -> Iterator[None]:
    """Raise StorageFull, with the remedy, for any error in the block that is caused by a full disk."""
    try:
        yield
    except StorageFull:
        raise
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left on device" in str(error) or _free_bytes(root) < _LITTLE_BYTES:
            raise StorageFull(
                f"no room left in {root}; free some space and run it again ({error})"
            ) from error
        raise


def _free_bytes(root: Path) -> int:
    return shutil.disk_usage(root).free


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write `content` with the size and checksum of every file in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (MANIFEST, SEAL))
    files = {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in paths
    }
    _seal(folder, {**content, "files": files})


def copy_version(root: Path, version: str, name: str, changes: Mapping[str, Any]) -> None:
    """Make version `name` from the files of another, with changes in its manifest.

    The files keep their checksums.
    """
    manifest = read_manifest(root / version, verify=False)
    with new_version(root, name) as made:
        for file in manifest["files"]:
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            _link(root / version / file, made / file)
        _seal(made, {**manifest, **changes, "version": name})


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # versions never change, so they may share a file
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    (folder / SEAL).write_text(sha256(folder / MANIFEST))


def read_manifest(folder: Path, verify: bool = True) -> dict[str, Any]:
    """The manifest of a version.

    Raises NotFound without one, and Corrupt if it or a file has changed since it was written. With
    `verify` False, only the sizes of files are checked.
    """
    _check_seal(folder)
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        remedy = (
            f"write the name of a whole version into {folder.parent / CURRENT}, or remove that to start anew"
        )
        raise NotFound(f"{folder} has no {MANIFEST}; {remedy}") from error
    except (IsADirectoryError, ValueError) as error:
        raise Corrupt(
            f"{folder / MANIFEST} cannot be read ({error}); rebuild the version or roll back"
        ) from error
    _FIELDS.check(folder / MANIFEST, manifest)
    for name, expected in manifest["files"].items():
        _check_entry(folder / MANIFEST, name, expected)
        _check(folder / name, expected, verify)
    return manifest


def _check_entry(path: Path, name: str, expected: object) -> None:
    if not is_plain_path(name):
        raise Corrupt(
            f"{path}: files has {name[:60]!r}, which is not in its folder; rebuild the version or roll back"
        )
    _FILE_FIELDS.check(path, expected, f"files.{name}")


def _check_seal(folder: Path) -> None:
    """Check the manifest's own checksum. Old versions have none."""
    path = folder / MANIFEST
    seal = folder / SEAL
    if path.is_file() and seal.is_file() and seal.read_bytes() != sha256(path).encode():
        raise Corrupt(f"{path} does not match its checksum; rebuild the version or roll back")


def _check(path: Path, expected: dict[str, Any], verify: bool) -> None:
    if not path.is_file() or path.stat().st_size != expected["bytes"]:
        raise Corrupt(f"{path} is missing or has the wrong size; rebuild the version or roll back")
    if verify and sha256(path) != expected["sha256"]:
        raise Corrupt(f"{path} does not match its checksum; rebuild the version or roll back")


def set_current(root: Path, version: str) -> None:
    """Point `current` at a version, atomically and durably."""
    staged = root / f".{CURRENT}-{os.getpid()}"
    staged.write_text(version)
    sync(staged)
    os.replace(staged, root / CURRENT)
    sync(root)


def current(root: Path) -> str | None:
    """The name of the version in use. Returns None if there is none yet.

    Raises Corrupt if the pointer holds no name.
    """
    path = root / CURRENT
    try:
        name = path.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise Unavailable(f"{path} cannot be opened: no file descriptors are left") from error
        raise Corrupt(f"{path} cannot be read ({error}); write the name of a version into it") from error
    if name.startswith(".") or Path(name).name != name:
        raise Corrupt(f"{path} has {name[:100]!r}, which is no version; write the name of one into it")
    return name or None


def versions(root: Path, manifest: str = MANIFEST) -> list[str]:
    """Names of the complete versions, oldest first (names sort by time)."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / manifest).is_file() and path.name[0] != ".")


def _sync_tree(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        sync(path)


def sync(path: Path) -> None:
    """Let a file or folder be on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
