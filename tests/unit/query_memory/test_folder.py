from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shared import artifacts
from shared.errors import Corrupt
from shared.query_memory.folder import QUERY_MEMORIES
from shared.query_memory.follower import MemoryFollower
from shared.query_memory.near import likely_products
from tests.unit.query_memory.memories import ENCODER, memory, vector


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = memory({"kettle": {"a": 2.0}, "": {}}, {"kettle": vector(1.0)})
    QUERY_MEMORIES.write(tmp_path, "v1", written, 0.0)
    found = QUERY_MEMORIES.read(tmp_path, "v1")
    assert found.version == "v1"
    assert found.encoder_version == ENCODER
    assert list(found.texts) == ["kettle", ""]
    assert likely_products(found, "kettle", None, 5) == ["a"]


def test_damage_is_named(tmp_path: Path) -> None:
    QUERY_MEMORIES.write(tmp_path, "v1", memory({"kettle": {"a": 2.0}}), 0.0)
    (tmp_path / "v1" / "weights.npy").write_bytes(b"nothing")
    with pytest.raises(Corrupt, match=r"weights\.npy"):
        QUERY_MEMORIES.read(tmp_path, "v1")


def test_a_version_of_another_format_is_refused_with_the_remedy(tmp_path: Path) -> None:
    replace(QUERY_MEMORIES, format=99).write(tmp_path, "v1", memory({}), 0.0)
    with pytest.raises(Corrupt, match="has format 99, not 1; remove it"):
        QUERY_MEMORIES.read(tmp_path, "v1")


def test_the_last_few_versions_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        QUERY_MEMORIES.write(tmp_path, f"v{number}", memory({}), 0.0)
    assert artifacts.versions(tmp_path) == ["v2", "v3", "v4"]
    assert artifacts.current(tmp_path) == "v4"


async def test_a_follower_takes_up_the_newest_and_keeps_it_when_the_next_is_damaged(tmp_path: Path) -> None:
    follower = MemoryFollower(tmp_path)
    await follower.look()
    assert follower.memory is None
    root = QUERY_MEMORIES.root(tmp_path)
    QUERY_MEMORIES.write(root, "v1", memory({"kettle": {"a": 2.0}}), 0.0)
    await follower.look()
    assert follower.memory is not None
    QUERY_MEMORIES.write(root, "v2", memory({}), 0.0)
    (root / "v2" / "ends.npy").unlink()
    await follower.look()
    assert follower.memory.version == "v1"
