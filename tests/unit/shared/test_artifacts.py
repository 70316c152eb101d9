import json
import os
from pathlib import Path

import pytest

from shared import artifacts
from shared.errors import Corrupt, NotFound, StorageFull, Unavailable
from tests.descriptors import no_descriptors


def _publish(root: Path, version: str, content: bytes = b"some vectors") -> None:
    with artifacts.new_version(root, version) as folder:
        (folder / "data.bin").write_bytes(content)
        artifacts.write_manifest(folder, {"version": version})
    artifacts.set_current(root, version)


def test_a_published_version_is_current_and_whole(tmp_path: Path) -> None:
    _publish(tmp_path, "v1")
    assert artifacts.current(tmp_path) == "v1"
    assert artifacts.read_manifest(tmp_path / "v1")["version"] == "v1"
    assert artifacts.versions(tmp_path) == ["v1"]


def test_a_failure_while_writing_leaves_the_old_version_and_no_rubbish(tmp_path: Path) -> None:
    _publish(tmp_path, "v1")
    with pytest.raises(RuntimeError), artifacts.new_version(tmp_path, "v2") as folder:
        (folder / "data.bin").write_bytes(b"half")
        raise RuntimeError("stopped here")
    assert artifacts.current(tmp_path) == "v1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "v1"]


def test_a_full_disk_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="free some space"), artifacts.new_version(tmp_path, "v1"):
        Path("/dev/full").write_bytes(b"x" * 100_000)
    assert artifacts.versions(tmp_path) == []


def test_a_flipped_byte_is_corrupt_and_the_file_is_named(tmp_path: Path) -> None:
    _publish(tmp_path, "v1", b"0123456789")
    (tmp_path / "v1" / "data.bin").write_bytes(b"0123456780")
    with pytest.raises(Corrupt, match=r"data\.bin does not match its checksum"):
        artifacts.read_manifest(tmp_path / "v1")


def test_a_missing_file_is_corrupt_even_without_checksums(tmp_path: Path) -> None:
    _publish(tmp_path, "v1")
    (tmp_path / "v1" / "data.bin").unlink()
    with pytest.raises(Corrupt, match="missing"):
        artifacts.read_manifest(tmp_path / "v1", verify=False)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"version": "v1"})])
def test_a_manifest_that_is_not_one_is_corrupt(tmp_path: Path, text: str) -> None:
    _publish(tmp_path, "v1")
    (tmp_path / "v1" / artifacts.MANIFEST).write_text(text)
    (tmp_path / "v1" / artifacts.SEAL).unlink()  # as versions made before there were seals
    with pytest.raises(Corrupt, match="cannot be read"):
        artifacts.read_manifest(tmp_path / "v1")


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("name", [artifacts.MANIFEST, artifacts.SEAL])
def test_no_byte_of_a_manifest_can_flip_unnoticed(tmp_path: Path, name: str, verify: bool) -> None:
    _publish(tmp_path, "v1")
    path = tmp_path / "v1" / name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Corrupt, match=r"manifest\.json does not match its checksum"):
            artifacts.read_manifest(tmp_path / "v1", verify)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"../v1", b".tmp-v1", b"a/b"])
def test_a_current_that_is_no_name_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    _publish(tmp_path, "v1")
    (tmp_path / artifacts.CURRENT).write_bytes(content)
    with pytest.raises(Corrupt, match=r"current .*; write"):
        artifacts.current(tmp_path)


def test_a_version_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        NotFound,
        match=r"v9 has no manifest\.json; write the name of a whole version into .*current",
    ):
        artifacts.read_manifest(tmp_path / "v9")


def test_there_is_nothing_where_nothing_was_published(tmp_path: Path) -> None:
    assert artifacts.current(tmp_path) is None
    assert artifacts.versions(tmp_path / "no") == []
    with pytest.raises(NotFound):
        artifacts.read_manifest(tmp_path)


def test_a_pointer_that_nothing_can_open_now_is_not_damaged(tmp_path: Path) -> None:
    _publish(tmp_path, "v1")
    with no_descriptors(), pytest.raises(Unavailable, match="no file descriptors are left"):
        artifacts.current(tmp_path)
    assert artifacts.current(tmp_path) == "v1"


def test_what_killed_writers_left_is_removed_and_what_may_be_written_now_is_kept(tmp_path: Path) -> None:
    _publish(tmp_path, "v1")
    for name in (".tmp-v2", ".tmp-v3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.bin").write_bytes(b"half")
    os.utime(tmp_path / ".tmp-v2", (0, 0))
    artifacts.remove_remains(tmp_path, unchanged_seconds=3_600)
    assert sorted(each.name for each in tmp_path.glob(".tmp-*")) == [".tmp-v3"]
    artifacts.remove_remains(tmp_path)
    assert not list(tmp_path.glob(".tmp-*"))
    assert artifacts.versions(tmp_path) == ["v1"]
