import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from aisle.v1.catalog_pb2 import (
    DeleteProductsRequest,
    GetProductRequest,
    Product,
    UpsertProductsRequest,
)
from aisle.v1.catalog_pb2_grpc import CatalogServiceStub
from aisle.v1.events_pb2 import EventProduct, EventStatus, RecordEventsRequest, UserEvent
from aisle.v1.events_pb2_grpc import EventServiceStub
from aisle.v1.search_pb2 import AnyOf, Filter, SearchRequest
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.standalone_process import running_engine, standalone_process
from shared.artifacts import current, read_manifest, set_current, write_manifest

WAIT_SECONDS = 60


@pytest.fixture
def data(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the shop that a test may break."""
    shutil.copytree(indexed / "snapshots", tmp_path / "shop" / "snapshots")
    return tmp_path / "shop"


def _products(count: int) -> list[Product]:
    return [
        Product(product_id=f"new-{number}", title=f"Zephyrine lantern {number}") for number in range(count)
    ]


def _events() -> list[UserEvent]:
    products = [EventProduct(product_id="new-1")]
    return [UserEvent(event_id=f"e{n}", action="click", visitor_id="v", products=products) for n in range(20)]


def _found(channel: grpc.Channel, product_id: str) -> bool:
    only = Filter(field="product_id", any_of=AnyOf(values=[product_id]))
    return bool(SearchServiceStub(channel).Search(SearchRequest(filters=[only], deadline_ms=20_000)).results)


def _served(channel: grpc.Channel) -> str:
    return SearchServiceStub(channel).Search(SearchRequest(deadline_ms=20_000)).served_by.snapshot_version


def _until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + WAIT_SECONDS
    while not holds() and time.monotonic() < ends:
        time.sleep(0.05)
    return holds()


def test_what_was_acknowledged_is_there_after_a_kill(data: Path) -> None:
    with standalone_process(data) as (process, address), grpc.insecure_channel(address) as channel:
        upserts = (UpsertProductsRequest(product=product) for product in _products(50))
        assert CatalogServiceStub(channel).UpsertProducts(upserts, timeout=30).accepted_count == 50
        removal = DeleteProductsRequest(product_ids=["new-7"])
        position = CatalogServiceStub(channel).DeleteProducts(removal, timeout=30).log_position
        request = RecordEventsRequest(events=_events())
        acks = EventServiceStub(channel).RecordEvents(request, timeout=30).acks
        assert {ack.status for ack in acks} == {EventStatus.EVENT_STATUS_ACCEPTED}
        process.kill()
        process.wait()
    with running_engine(data) as address, grpc.insecure_channel(address) as channel:
        catalog = CatalogServiceStub(channel)
        got = catalog.GetProduct(
            GetProductRequest(product_id="new-49", wait_for_visible=position), timeout=30
        )
        assert got.product.title == "Zephyrine lantern 49" and got.log_position >= position
        with pytest.raises(grpc.RpcError) as raised:
            catalog.GetProduct(GetProductRequest(product_id="new-7"), timeout=30)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        request = RecordEventsRequest(events=_events())
        acks = EventServiceStub(channel).RecordEvents(request, timeout=30).acks
        assert {ack.status for ack in acks} == {EventStatus.EVENT_STATUS_DUPLICATE}
        assert _found(channel, "new-49") and not _found(channel, "new-7")


HOLDS_AN_ENGINE = """
import sys, time
from pathlib import Path
from cli.standalone_process import running_engine
with running_engine(Path(sys.argv[1])) as address:
    print(address, flush=True)
    time.sleep(600)
"""


def test_an_engine_ends_with_the_command_that_began_it(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_AN_ENGINE, data], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        with grpc.insecure_channel(address) as channel:
            assert _found(channel, _shown(channel)[0])
            process.kill()
            assert _until(lambda: not _answers(channel))
    with running_engine(data):  # the folder is free again
        pass


def _shown(channel: grpc.Channel) -> list[str]:
    return [each.product.product_id for each in SearchServiceStub(channel).Search(SearchRequest()).results]


def _answers(channel: grpc.Channel) -> bool:
    try:
        return bool(_shown(channel))
    except grpc.RpcError:
        return False


def test_a_kill_while_indexing_leaves_the_snapshot_before(
    data: Path,
    aisle: Any,
    catalog: Path,
) -> None:
    snapshots = data / "snapshots"
    before = current(snapshots)
    command = [sys.executable, "-m", "cli.app", "index", str(catalog), "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert _until(lambda: any(snapshots.glob(".tmp-*")) or (snapshots / ".incoming").exists())
        process.kill()
    assert current(snapshots) == before
    assert aisle("index", catalog, "--data", data).returncode == 0
    assert not any(snapshots.glob(".tmp-*"))


def test_a_flipped_byte_in_the_newest_snapshot_keeps_the_one_before_serving(data: Path) -> None:
    before = str(current(data / "snapshots"))
    with running_engine(data) as address, grpc.insecure_channel(address) as channel:
        _publish_broken(data, before)
        time.sleep(3)
        assert _served(channel) == before
    with running_engine(data) as address, grpc.insecure_channel(address) as channel:
        assert _served(channel) == before


def test_a_flipped_byte_in_the_only_snapshot_is_told_with_the_file(data: Path, aisle: Any) -> None:
    _flip(data / "snapshots" / str(current(data / "snapshots")))
    finished = aisle("serve", "--data", data, "--port", 0)
    assert finished.returncode == 1
    assert "index.faiss does not match its checksum" in finished.stderr
    assert "Traceback" not in finished.stderr


def _publish_broken(data: Path, before: str) -> None:
    """A newer version with one byte changed, and `current` pointing at it."""
    snapshots = data / "snapshots"
    newer = "20990101T000000.000000Z"
    shutil.copytree(snapshots / before, snapshots / newer)
    write_manifest(snapshots / newer, {**read_manifest(snapshots / newer), "version": newer})
    _flip(snapshots / newer)
    set_current(snapshots, newer)


def _flip(folder: Path) -> None:
    path = folder / "dense" / "index.faiss"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
