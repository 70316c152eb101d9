from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared import artifacts
from shared.errors import Corrupt
from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.product_memory.follower import ProductMemoryFollower
from tests.unit.product_memory.product_memories import product_memory

_LISTS = {"ant": {"bee": 0.5, "cat": 0.9}, "cat": {"ant": 0.9}}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = product_memory(bought=_LISTS, purchases={"bee": (1, 2, 3, 4, 5)})
    PRODUCT_MEMORIES.write(tmp_path, "v1", written, 0.0)
    found = PRODUCT_MEMORIES.read(tmp_path, "v1")
    assert found.version == "v1"
    assert list(found.product_ids) == ["ant", "bee", "cat", "dog"]
    assert found.bought.of(np.array([0])).places.tolist() == [2, 1]
    assert found.purchases[1].tolist() == [1, 2, 3, 4, 4, 5]


def test_an_empty_memory_is_read_again(tmp_path: Path) -> None:
    PRODUCT_MEMORIES.write(tmp_path, "v1", product_memory(()), 0.0)
    assert len(PRODUCT_MEMORIES.read(tmp_path, "v1")) == 0


def test_a_list_that_an_older_version_did_not_write_is_empty(tmp_path: Path) -> None:
    written = product_memory(bought=_LISTS, owned_lately=_LISTS)
    PRODUCT_MEMORIES.write(tmp_path, "v1", written, 0.0)
    manifest = artifacts.read_manifest(tmp_path / "v1")
    del manifest["pair_counts"]["owned_lately"]
    for file in (tmp_path / "v1").glob("owned_lately_*"):
        file.unlink()
    artifacts.write_manifest(tmp_path / "v1", manifest)
    found = PRODUCT_MEMORIES.read(tmp_path, "v1")
    assert len(found.bought.places) == 3
    assert not found.owned_lately.of(np.array([0, 2])).places.size


@pytest.mark.parametrize("name", ["price", "bought_ends", "owned_scores"])
def test_damage_is_named(tmp_path: Path, name: str) -> None:
    PRODUCT_MEMORIES.write(tmp_path, "v1", product_memory(bought=_LISTS), 0.0)
    (tmp_path / "v1" / f"{name}.npy").write_bytes(b"nothing")
    with pytest.raises(Corrupt, match=f"{tmp_path.name}/v1"):
        PRODUCT_MEMORIES.read(tmp_path, "v1")


async def test_a_follower_takes_up_the_newest_and_keeps_it_when_the_next_is_damaged(
    tmp_path: Path,
) -> None:
    follower = ProductMemoryFollower(tmp_path)
    await follower.look()
    assert len(follower.memory) == 0
    root = PRODUCT_MEMORIES.root(tmp_path)
    PRODUCT_MEMORIES.write(root, "v1", product_memory(), 0.0)
    await follower.look()
    assert len(follower.memory) == 4
    PRODUCT_MEMORIES.write(root, "v2", product_memory(), 0.0)
    (root / "v2" / "price.npy").unlink()
    await follower.look()
    assert follower.memory.version == "v1"
