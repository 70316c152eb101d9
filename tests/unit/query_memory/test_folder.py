from __future__ import annotations

from pathlib import Path

import pytest

from shared import artifacts
from shared.errors import Corrupt
from shared.query_memory.folder import memory_root, read_memory, write_memory
from shared.query_memory.follower import MemoryFollower
from shared.query_memory.near import likely_products
from tests.unit.query_memory.memories import ENCODER, memory, vector


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = memory({"kettle": {"a": 2.0}, "": {}}, {"kettle": vector(1.0)})
    write_memory(tmp_path, "v1", written, 0.0)
    found = read_memory(tmp_path, "v1")
    assert found.version == "v1"
    assert found.encoder_version == ENCODER
    assert list(found.texts) == ["kettle", ""]
    assert likely_products(found, "kettle", None, 5) == ["a"]


def test_damage_is_named(tmp_path: Path) -> None:
    write_memory(tmp_path, "v1", memory({"kettle": {"a": 2.0}}), 0.0)
    (tmp_path / "v1" / "weights.npy").write_bytes(b"nothing")
    with pytest.raises(Corrupt, match=r"weights\.npy"):
        read_memory(tmp_path, "v1")


def test_the_last_few_versions_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        write_memory(tmp_path, f"v{number}", memory({}), 0.0)
    assert artifacts.versions(tmp_path) == ["v2", "v3", "v4"]
    assert artifacts.current(tmp_path) == "v4"


async def test_a_follower_takes_up_the_newest_and_keeps_it_when_the_next_is_damaged(tmp_path: Path) -> None:
    follower = MemoryFollower(tmp_path)
    await follower.look()
    assert follower.memory is None
    root = memory_root(tmp_path)
    write_memory(root, "v1", memory({"kettle": {"a": 2.0}}), 0.0)
    await follower.look()
    assert follower.memory is not None
    write_memory(root, "v2", memory({}), 0.0)
    (root / "v2" / "ends.npy").unlink()
    await follower.look()
    assert follower.memory.version == "v1"
