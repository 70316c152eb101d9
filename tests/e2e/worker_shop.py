"""A server with page workers, and what its tests ask of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from aisle.v1.admin_pb2 import GetStatusRequest, GetStatusResponse
from aisle.v1.admin_pb2_grpc import AdminServiceStub
from aisle.v1.search_pb2 import SearchRequest, SearchResponse
from aisle.v1.search_pb2_grpc import SearchServiceStub
from cli.standalone_process import standalone_process

_WAIT_SECONDS = 90
_AT_ONCE = 8
_SETTINGS = {
    "AISLE_RERANKER_FEATURES_MS": "5000",  # a busy machine must not cost a page its features
    "AISLE_RERANKER_EXPLORATION": "0",  # pages of one query are compared
}
PATIENT_MS = 30_000


@dataclass(frozen=True)
class WorkerShop:
    """A running server with two page workers, all ready."""

    data: Path
    process: subprocess.Popen[str]
    channel: grpc.Channel

    def status(self) -> GetStatusResponse:
        """See AdminService."""
        status: GetStatusResponse = AdminServiceStub(self.channel).GetStatus(GetStatusRequest(), timeout=30)
        return status

    def page(self, query: str = "", **asked: object) -> SearchResponse:
        """A page."""
        request = SearchRequest(query=query, **{"deadline_ms": PATIENT_MS, **asked})  # type: ignore[arg-type]
        page: SearchResponse = SearchServiceStub(self.channel).Search(request, timeout=60)
        return page

    def at_once(self, requests: Sequence[SearchRequest]) -> list[SearchResponse]:
        """Pages that are asked for together, so that workers make most of them."""
        stub = SearchServiceStub(self.channel)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(lambda request: stub.Search(request, timeout=60), requests))

    def workers(self) -> list[int]:
        """The process ids of the workers that are ready."""
        ready = [each for each in self.status().replicas if each.status.snapshot_version]
        return [int(each.address.removeprefix("process ")) for each in ready]

    def until_ready(self, besides: Sequence[int] = ()) -> None:
        """Return once two workers are ready, none of them `besides`."""
        until(lambda: len(set(self.workers()) - set(besides)) == 2)


@contextmanager
def worker_shop(data: Path) -> Iterator[WorkerShop]:
    """Serve DATA with two page workers until the block ends."""
    with (
        standalone_process(data, settings=_SETTINGS, workers="2") as (process, address),
        grpc.insecure_channel(address) as channel,
    ):
        shop = WorkerShop(data, process, channel)
        shop.until_ready()
        yield shop


def until(holds: Callable[[], bool]) -> None:
    """Return once it holds. Fails if it takes too long."""
    ends = time.monotonic() + _WAIT_SECONDS
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
