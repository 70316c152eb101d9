import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from aisle.v1.catalog_pb2 import Product, UpsertProductsRequest
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.search_pb2 import AnyOf, Filter, SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.standalone_process import running_engine
from shared.artifacts import current


@pytest.fixture
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of as many megabytes as a test's parameter says.

    Needs root and a kernel that lets it mount.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    command = [mount, "-t", "tmpfs", "-o", f"size={request.param}m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("small_disk", [8], indirect=True)
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


@pytest.mark.parametrize("small_disk", [16], indirect=True)
def test_a_full_disk_while_serving_refuses_writes_loses_none_and_goes_on_searching(
    indexed: Path, small_disk: Path
) -> None:
    shutil.copytree(indexed / "snapshots", small_disk / "snapshots")
    with running_engine(small_disk) as address, grpc.insecure_channel(address) as channel:
        accepted = _upserted(channel, range(5))
        (small_disk / "ballast").write_bytes(b"x" * (_free_bytes(small_disk) - 600_000))
        with pytest.raises(grpc.RpcError) as raised:
            for first in range(5, 200, 20):
                accepted += _upserted(channel, range(first, first + 20))
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "free some space" in (raised.value.details() or "")
        assert (
            SearchServiceStub(channel)
            .Search(SearchRequest(query="shoes", deadline_ms=5000), timeout=60)
            .results
        )
        (small_disk / "ballast").unlink()
        accepted += _upserted(channel, range(500, 503))
        assert _soon(lambda: _searchable(channel, accepted) == len(accepted))


def _upserted(channel: grpc.Channel, numbers: range) -> list[str]:
    """Write products of about 15 kB. Returns the ids of those that were acknowledged."""
    ids = [f"new-{number}" for number in numbers]
    products = (Product(product_id=each, title="Zephyrine lantern", description="x" * 15_000) for each in ids)
    requests = (UpsertProductsRequest(product=product) for product in products)
    assert CatalogServiceStub(channel).UpsertProducts(requests, timeout=60).accepted_count == len(ids)
    return ids


def _searchable(channel: grpc.Channel, product_ids: list[str]) -> int:
    only = Filter(field="product_id", any_of=AnyOf(values=product_ids))
    request = SearchRequest(filters=[only], deadline_ms=5000)
    return int(SearchServiceStub(channel).Search(request, timeout=60).total_count)


def _soon(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 120
    while not holds() and time.monotonic() < ends:
        time.sleep(0.5)
    return holds()


def _free_bytes(folder: Path) -> int:
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize
