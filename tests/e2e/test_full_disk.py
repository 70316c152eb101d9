import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.artifacts import current


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; needs root and a kernel that lets it mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_while_indexing_is_named_and_leaves_the_snapshot_before(
    aisle: Any, catalog: Path, indexed: Path, small_disk: Path
) -> None:
    shutil.copytree(indexed / "snapshots", small_disk / "snapshots")
    before = current(small_disk / "snapshots")
    (small_disk / "ballast").write_bytes(b"x" * (_free_bytes(small_disk) - 100_000))
    finished = aisle("index", catalog, "--data", small_disk)
    assert finished.returncode == 1
    assert "no room left" in finished.stderr and "free some space" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert current(small_disk / "snapshots") == before
    (small_disk / "ballast").unlink()
    assert aisle("index", catalog, "--data", small_disk).returncode == 0


def _free_bytes(folder: Path) -> int:
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize
