import asyncio
import shutil
from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Between, Exists, Filter
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.artifacts import read_manifest, write_manifest
from shared.catalog.product import Product
from shared.errors import Corrupt, SnapshotGone, Unavailable
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot, WriteSnapshot

ONE = [Product("a", "Lamp")]


def test_the_current_snapshot_answers_when_none_is_named(open_snapshot: OpenSnapshot) -> None:
    snapshots = Snapshots(open_snapshot(ONE, version="v1"))
    snapshots.swap(open_snapshot(ONE, version="v2"))
    assert snapshots.get().version == "v2"
    assert snapshots.get("v1").version == "v1"


def test_a_snapshot_two_swaps_old_is_gone(open_snapshot: OpenSnapshot) -> None:
    snapshots = Snapshots(*(open_snapshot(ONE, version=version) for version in ("v1", "v2", "v3")))
    with pytest.raises(SnapshotGone, match="v1 is not open here"):
        snapshots.get("v1")


def test_opening_the_same_version_again_replaces_it_alone(open_snapshot: OpenSnapshot) -> None:
    first = open_snapshot(ONE, version="v1")
    second = open_snapshot(ONE, version="v2")
    snapshots = Snapshots(first, second)
    snapshots.swap(second)
    assert snapshots.get("v1") is first


def test_without_a_snapshot_retrieval_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="index a catalogue first"):
        Snapshots().get()


def test_a_flipped_byte_is_noticed_before_it_serves(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot(ONE)
    path = folder / "dense/vectors.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt, match=r"vectors\.npy"):
        Snapshot.open(folder)


def test_a_snapshot_of_another_format_is_not_read(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot(ONE)
    write_manifest(folder, {**read_manifest(folder), "format": 99})
    with pytest.raises(Corrupt, match="has format 99, not 1; index the catalogue again"):
        Snapshot.open(folder)


def test_parts_that_do_not_belong_together_are_noticed(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot(ONE)
    manifest = read_manifest(folder)
    write_manifest(folder, {**manifest, "product_count": 2})
    with pytest.raises(Corrupt, match="the manifest has 2 products"):
        Snapshot.open(folder)


def test_the_next_state_takes_the_place_of_its_own_snapshot_alone(
    open_snapshot: OpenSnapshot,
) -> None:
    first = open_snapshot(ONE, version="v1")
    second = open_snapshot(ONE, version="v2")
    snapshots = Snapshots(first, second)
    snapshots.refresh(replace(first, log_position=9))
    assert (snapshots.get("v1").log_position, snapshots.get()) == (9, second)
    snapshots.refresh(replace(second, version="v0"))
    with pytest.raises(SnapshotGone):
        snapshots.get("v0")


def test_the_newest_snapshot_of_an_encoder_is_searched(open_snapshot: OpenSnapshot) -> None:
    old, new = (replace(open_snapshot(ONE, version=v), encoder_version=f"e{v}") for v in ("v1", "v2"))
    snapshots = Snapshots(old, new)
    assert [snapshots.get(encoder_version=each).version for each in ("ev1", "ev2", "")] == [
        "v1",
        "v2",
        "v2",
    ]


async def test_a_wait_ends_when_the_write_is_shown(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot(ONE)
    snapshots = Snapshots(snapshot)
    waiting = asyncio.ensure_future(snapshots.showing(5, budget_ms=5_000))
    for position in (3, 5):
        await asyncio.sleep(0.01)
        assert not waiting.done()
        snapshots.refresh(replace(snapshot, log_position=position))
    assert (await waiting).log_position == 5


async def test_a_wait_ends_on_a_newer_snapshot_too(open_snapshot: OpenSnapshot) -> None:
    snapshots = Snapshots(open_snapshot(ONE, version="v1"))
    waiting = asyncio.ensure_future(snapshots.showing(5, budget_ms=5_000))
    await asyncio.sleep(0.01)
    snapshots.swap(replace(open_snapshot(ONE, version="v2"), log_position=7))
    assert (await waiting).version == "v2"


async def test_a_snapshot_that_takes_in_no_more_writes_is_not_waited_for(
    open_snapshot: OpenSnapshot,
) -> None:
    old, new = (replace(open_snapshot(ONE, version=v), log_position=3) for v in ("v1", "v2"))
    snapshots = Snapshots(old, new)
    with pytest.raises(SnapshotGone, match="v1 takes in no more writes"):
        await snapshots.showing(5, budget_ms=60_000, version="v1")
    assert await snapshots.showing(3, budget_ms=0, version="v1") is old
    # Which follows: it is the newest of its encoder
    other = Snapshots(replace(old, encoder_version="old@1"), new)
    with pytest.raises(Unavailable, match="5 is not shown yet"):
        await other.showing(5, budget_ms=10, version="v1")


def test_an_opened_snapshot_does_not_need_its_folder(write_snapshot: WriteSnapshot) -> None:
    folder = write_snapshot([Product("a", "Lamp", brands=("Lux",), price=5.0, attributes={"watts": (9.0,)})])
    snapshot = Snapshot.open(folder)
    shutil.rmtree(folder)
    filters = (
        Filter("brands", AnyOf(("lux",))),
        Filter("price", Between(1, 9)),
        Filter("attributes.watts", Exists(True)),
    )
    request = Request(
        "lamp",
        np.ones(8, np.float32) / np.sqrt(8),
        filters,
        facets=(FacetRequest("brands", 5), FacetRequest("price", 5)),
    )
    found = Retriever().retrieve(snapshot, request)
    assert (found.rows.tolist(), found.total_count) == ([0], 1)
    assert snapshot.products.product(0).title == "Lamp"
